/* Shape inference and what lowering refuses: one line a case. */
#include "ops/ops.h"

#include "adze.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The statements of a graph whose value %y is asked for; want is its type and shape, or "!" and a part of the error.
 * "? ", or an open dimension: inference is content, lowering wants every shape. */
typedef struct {
    int opset;
    const char *text, *want;
} Case;

#define X4 "input %x: f32[1,3,8,8] "
#define RNN "input %x: f32[5,2,3] const %w: f32[1,4,3] = fill(0) const %r: f32[1,4,4] = fill(0) "
#define W333 "const %w: f32[4,3,3,3] = fill(0) "

static const Case convs[] = {
    {13, X4 W333 "%y = Conv(%x, %w)", "f32 [1,4,6,6]"},
    {13, X4 W333 "%y = Conv(%x, %w) {pads=[1,1,1,1]}", "f32 [1,4,8,8]"},
    {13, X4 W333 "%y = Conv(%x, %w) {pads=[0,1,2,3]}", "f32 [1,4,8,10]"},
    {13, X4 W333 "%y = Conv(%x, %w) {strides=[2,3]}", "f32 [1,4,3,2]"},
    {13, X4 W333 "%y = Conv(%x, %w) {dilations=[2,3]}", "f32 [1,4,4,2]"},
    {13, X4 W333 "%y = Conv(%x, %w) {auto_pad=\"SAME_UPPER\", strides=[2,3]}", "f32 [1,4,4,3]"},
    {13, X4 W333 "%y = Conv(%x, %w) {auto_pad=\"SAME_LOWER\", strides=[3,1]}", "f32 [1,4,3,8]"},
    {13, X4 W333 "%y = Conv(%x, %w) {auto_pad=\"VALID\", pads=[9,9,9,9]}", "f32 [1,4,6,6]"},
    {13, X4 W333 "%y = Conv(%x, %w) {auto_pad=\"SOME\"}", "!auto_pad is 'SOME'"},
    {13, X4 W333 "%y = Conv(%x, %w) {strides=[0,1]}", "!'strides' has the value 0"},
    {13, X4 W333 "%y = Conv(%x, %w) {strides=[1]}", "!'strides' has 1 values; 2 expected"},
    {13, X4 W333 "%y = Conv(%x, %w) {dilations=[-1,1]}", "!'dilations' has the value -1"},
    {13, X4 W333 "%y = Conv(%x, %w) {pads=[-1,0,0,0]}", "!'pads' has the value -1"},
    {13, X4 W333 "%y = Conv(%x, %w) {pads=[9223372036854775807,0,0,0]}", "!below 2^31"},
    {13, X4 W333 "%y = Conv(%x, %w) {dilations=[4,4]}", "!spans 9, input 8"},
    {13, X4 W333 "%y = Conv(%x, %w) {group=2}", "!do not divide into 2 groups"},
    {13, X4 W333 "%y = Conv(%x, %w) {group=0}", "!'group' is 0"},
    {13, X4 W333 "%y = Conv(%x, %w) {kernel_shape=[3,2]}", "!'kernel_shape' says 2"},
    {13, X4 "const %w: f32[4,2,3,3] = fill(0) %y = Conv(%x, %w)", "!3 channels a group expected, found 2"},
    {13, X4 W333 "const %b: f32[3] = fill(0) %y = Conv(%x, %w, %b)", "!its bias has the shape [3]"},
    {13, "input %x: f32[1,3] " W333 "%y = Conv(%x, %w)", "!1 to 3 spatial axes"},
    {13, "input %x: f32[1,3,8] const %w: f32[4,3,3] = fill(0) %y = Conv(%x, %w) {strides=[2]}", "f32 [1,4,3]"},
    {13, "input %x: f32[1,3,5,5,5] const %w: f32[4,3,3,3,3] = fill(0) %y = Conv(%x, %w)", "!3 spatial axes"},
    {13, "input %x: f32[1,6,8,8] const %w: f32[6,1,3,3] = fill(0) %y = Conv(%x, %w) {group=6}", "f32 [1,6,6,6]"},
    {13, X4 "input %w: f32[4,3,3,3] %y = Conv(%x, %w)", "!weights are not constant"},
    {13, "input %x: f16[1,3,8,8] const %w: f16[4,3,3,3] = fill(0) %y = Conv(%x, %w)", "!is f16; supported: f32"},
    {13, "input %x: f32[?,3,8,?w] " W333 "%y = Conv(%x, %w)", "f32 [?,4,6,?]"},
    {13, "input %x: f32[?...] " W333 "%y = Conv(%x, %w)", "f32 [?...]"},
    {13, "input %x: f32[0,3,8,8] " W333 "%y = Conv(%x, %w)", "f32 [0,4,6,6]"},
    {13, "input %x: f32[1,3,2147483647,2147483647] " W333 "%y = Conv(%x, %w)", "!more than 2^31-1 elements"},
    {1,
     "input %x: f32[1,8,8,3] const %w: f32[4,3,3,3] = fill(0) %y = adze.Conv(%x, %w) {strides=[2,2], pads=[1,1,1,1]}",
     "f32 [1,4,4,4]"},
    {1, "input %x: f32[1,8,8,3] const %w: f32[4,3,3,3] = fill(0) input %r: f32[1,8,8,4] %y = adze.Conv(%x, %w, _, %r)",
     "!its residual has the shape [1,8,8,4]"},
};

static const Case pools[] = {
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[2,2], strides=[2,2]}", "f32 [1,3,4,4]"},
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[3,3], strides=[2,2]}", "f32 [1,3,3,3]"},
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[3,3], strides=[2,2], ceil_mode=1}", "f32 [1,3,4,4]"},
    /* the last window would start in the end pad */
    {13, "input %x: f32[1,1,4,4] %y = MaxPool(%x) {kernel_shape=[1,1], strides=[2,2], ceil_mode=1}", "f32 [1,1,2,2]"},
    {13, "input %x: f32[1,1,2,2] %y = AveragePool(%x) {kernel_shape=[2,2], strides=[3,3], pads=[1,1,1,1], ceil_mode=1}",
     "f32 [1,1,1,1]"},
    {13, X4 "%y = AveragePool(%x) {kernel_shape=[3,3], strides=[3,3], auto_pad=\"SAME_UPPER\"}", "f32 [1,3,3,3]"},
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[3,3], dilations=[2,2]}", "f32 [1,3,4,4]"},
    {13, X4 "%y = MaxPool(%x)", "!'kernel_shape' is missing"},
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[9,9]}", "!does not fit into its input"},
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[2,2], pads=[2,0,0,0]}", "!would lie outside"},
    {13, X4 "%y = MaxPool(%x) {kernel_shape=[0,2]}", "!has the size 0"},
    {13, X4 "%y, %i = MaxPool(%x) {kernel_shape=[2,2]} output %i", "!its second output"},
    {13, "input %x: f32[1,3,9] %y = MaxPool(%x) {kernel_shape=[3], strides=[3]}", "f32 [1,3,3]"},
    {13, X4 "%y = GlobalAveragePool(%x)", "f32 [1,3,1,1]"},
    {13, "input %x: f32[2,3,4,5,6] %y = GlobalMaxPool(%x)", "f32 [2,3,1,1,1]"},
    {13, "input %x: f32[2,3,0] %y = GlobalMaxPool(%x)", "!no elements to pool"},
    {1, "input %x: f32[1,9,9,3] %y = adze.MaxPool(%x) {kernel_shape=[2,2], strides=[2,2]}", "f32 [1,4,4,3]"},
    {1, "input %x: f32[1,9,9,3] %y = adze.AveragePool(%x) {kernel_shape=[9,9]}", "f32 [1,1,1,3]"},
};

static const Case products[] = {
    {13, "input %x: f32[2,3] input %w: f32[3,4] %y = MatMul(%x, %w)", "f32 [2,4]"},
    {13, "input %x: f32[3] input %w: f32[3,4] %y = MatMul(%x, %w)", "f32 [4]"},
    {13, "input %x: f32[2,3] input %w: f32[3] %y = MatMul(%x, %w)", "f32 [2]"},
    {13, "input %x: f32[3] input %w: f32[3] %y = MatMul(%x, %w)", "f32 []"},
    {13, "input %x: f32[5,1,2,3] input %w: f32[7,3,4] %y = MatMul(%x, %w)", "f32 [5,7,2,4]"},
    {13, "input %x: f32[5,2,3] input %w: f32[4,3,4] %y = MatMul(%x, %w)", "!do not broadcast"},
    {13, "input %x: f32[2,3] input %w: f32[4,3] %y = MatMul(%x, %w)", "!do not fit: 3 and 4"},
    {13, "input %x: f32[] input %w: f32[4,3] %y = MatMul(%x, %w)", "!scalars"},
    {13, "input %x: f32[2,0] input %w: f32[0,3] %y = MatMul(%x, %w)", "f32 [2,3]"},
    {13, "input %x: f32[2,3] input %w: i64[3,3] %y = MatMul(%x, %w)", "!must be of one type"},
    {13, "input %x: f32[2,1,2,1,2,1,2,3] input %w: f32[1,2,1,2,1,2,3,2] %y = MatMul(%x, %w)", "!supported: 4"},
    {13, "input %x: f32[2,3] input %w: f32[3,4] input %c: f32[4] %y = Gemm(%x, %w, %c) {alpha=0.5f, beta=2f}",
     "f32 [2,4]"},
    {13, "input %x: f32[3,2] input %w: f32[4,3] %y = Gemm(%x, %w) {transA=1, transB=1}", "f32 [2,4]"},
    {13, "input %x: f32[2,3] input %w: f32[3,4] input %c: f32[3] %y = Gemm(%x, %w, %c)", "!its input C of shape [3]"},
    {13, "input %x: f32[2,3,1] input %w: f32[3,4] %y = Gemm(%x, %w)", "!matrices expected"},
    {1, "input %x: f32[2,5,3] const %w: f32[3,4] = fill(1) %y = adze.Gemm(%x, %w)", "f32 [2,5,4]"},
    {1, "input %x: f32[2,4] const %w: f32[3,4] = fill(1) %y = adze.Gemm(%x, %w)", "!do not fit"},
};

#define BN "const %s: f32[3] = fill(1) const %t: f32[4] = fill(1) "
static const Case normalisations[] = {
    {13, X4 BN "%y = BatchNormalization(%x, %s, %s, %s, %s)", "f32 [1,3,8,8]"},
    {13, X4 BN "%y = BatchNormalization(%x, %s, %s, %s, %t)", "!its input 4 has the shape [4]"},
    {13, X4 BN "%y, %m = BatchNormalization(%x, %s, %s, %s, %s) output %m", "!of training, is used"},
    {14, X4 BN "%y = BatchNormalization(%x, %s, %s, %s, %s) {training_mode=1}", "!evaluation mode"},
    {13, X4 "input %s: f32[3] %y = BatchNormalization(%x, %s, %s, %s, %s)", "f32 [1,3,8,8]"},
    {17, "input %x: f32[2,5,8] const %s: f32[8] = fill(1) %y = LayerNormalization(%x, %s)", "f32 [2,5,8]"},
    {17, "input %x: f32[2,5,8] const %s: f32[5] = fill(1) %y = LayerNormalization(%x, %s)", "!8 elements expected"},
    {17, "input %x: f32[2,5,8] const %s: f32[8] = fill(1) %y = LayerNormalization(%x, %s) {axis=3}", "!outside"},
    {13, X4 BN "%y = InstanceNormalization(%x, %s, %s)", "f32 [1,3,8,8]"},
    {21, X4 BN "%y = GroupNormalization(%x, %s, %s) {num_groups=3}", "f32 [1,3,8,8]"},
    {21, X4 BN "%y = GroupNormalization(%x, %s, %s) {num_groups=2}", "!do not divide into 2 groups"},
    {13, "input %x: f32[2,3,4] %y = Softmax(%x) {axis=-2}", "f32 [2,3,4]"},
    {13, "input %x: f32[2,3,4] %y = Softmax(%x) {axis=3}", "!outside"},
    {11, "input %x: f32[2,3,4] %y = LogSoftmax(%x) {axis=3}", "f32 [2,3,4]"},
    {13, "input %x: f32[] %y = Softmax(%x)", "f32 []"},
};

#define AB(a, b) "input %a: f32" a " input %b: f32" b " "
static const Case elements[] = {
    {13, AB("[2,3]", "[3]") "%y = Add(%a, %b)", "f32 [2,3]"},
    {13, AB("[2,1]", "[1,3]") "%y = Mul(%a, %b)", "f32 [2,3]"},
    {13, AB("[2,3]", "[2]") "%y = Add(%a, %b)", "!do not broadcast"},
    {13, AB("[?,3]", "[1,3]") "%y = Add(%a, %b)", "f32 [?,3]"},
    {13, AB("[0,3]", "[1,3]") "%y = Add(%a, %b)", "f32 [0,3]"},
    {13, "input %a: f32[2] input %b: i64[2] %y = Add(%a, %b)", "!must be of one type"},
    {13, "input %a: bool[2] %y = Add(%a, %a)", "!its input 0 is bool; supported: f32"},
    {6, AB("[2,3,4]", "[3]") "%y = Add(%a, %b) {axis=1, broadcast=1}", "f32 [2,3,4]"},
    {6, AB("[2,3,4]", "[3]") "%y = Add(%a, %b) {axis=3, broadcast=1}", "!its axis 3"},
    {13, AB("[2,3]", "[3]") "%y = Less(%a, %b)", "bool [2,3]"},
    {13, AB("[2,3]", "[3]") "%y = Max(%a, %b, %a)", "f32 [2,3]"},
    {13, AB("[2,3]", "[3]") "%y = Mean(%b, %a, %b)", "f32 [2,3]"},
    {13, AB("[2,3]", "[3]") "%y = Sum(%a, _, %b)", "!left out"},
    {13, AB("[2,3]", "[3]") "%y = PRelu(%a, %b)", "f32 [2,3]"},
    {13, AB("[3]", "[2,3]") "%y = PRelu(%a, %b)", "!slope"},
    {13, "input %a: f32[2] input %b: i64[1] %y = Pow(%a, %b)", "f32 [2]"},
    {13, "input %a: i32[2] input %b: f32[1] %y = Pow(%a, %b)", "i32 [2]"},
    {13, "input %c: bool[2,1] " AB("[3]", "[]") "%y = Where(%c, %a, %b)", "f32 [2,3]"},
    {13, AB("[3]", "[3]") "%y = Where(%a, %a, %b)", "!bool expected"},
    {13, "input %x: f32[2,3] const %lo: f32[] = fill(0) %y = Clip(%x, %lo)", "f32 [2,3]"},
    {13, "input %x: i64[2,3] const %hi: i64[] = fill(6) %y = Clip(%x, _, %hi)", "i64 [2,3]"},
    {13, "input %x: f32[2,3] const %lo: f32[2] = fill(0) %y = Clip(%x, %lo)", "!a scalar expected"},
    {6, "input %x: f32[2,3] %y = Clip(%x) {min=0f, max=6f}", "f32 [2,3]"},
    {13, "input %x: f32[2,3] %y = Cast(%x) {to=7}", "i64 [2,3]"},
    {13, "input %x: f32[2,3] %y = Cast(%x) {to=99}", "!data type 99"},
    {13, "input %x: f32[2,3] %y = Cast(%x) {to=8}", "!string"},
    {13, "input %x: f32[2,3] %y = Cast(%x)", "!'to' is missing"},
    {20, "input %x: f32[2,3] %y = Gelu(%x) {approximate=\"tanh\"}", "f32 [2,3]"},
    {20, "input %x: f32[2,3] %y = Gelu(%x) {approximate=\"half\"}", "!'approximate' is 'half'"},
    {13, "input %x: f32[2,3] %y = Mod(%x, %x)", "!'fmod' is 0"},
    {13, "input %x: f32[2,3] %y, %m = Dropout(%x) output %m", "f32 [2,3]"},
    {13, "input %x: f32[2,3] const %r: f32[] = fill(0.5) const %t: bool[] = [1] %y = Dropout(%x, %r, %t)",
     "!training_mode"},
};

#define SHAPE(n, list) "const %s: i64[" n "] = " list " "
static const Case shapes[] = {
    {13, X4 SHAPE("2", "[0,-1]") "%y = Reshape(%x, %s)", "f32 [1,192]"},
    {13, X4 SHAPE("3", "[3,-1,4]") "%y = Reshape(%x, %s)", "f32 [3,16,4]"},
    {13, X4 SHAPE("2", "[5,-1]") "%y = Reshape(%x, %s)", "!do not fit"},
    {13, X4 SHAPE("2", "[-1,-1]") "%y = Reshape(%x, %s)", "!two dimensions of -1"},
    {13, X4 SHAPE("2", "[-2,96]") "%y = Reshape(%x, %s)", "!the dimension -2"},
    {13, X4 SHAPE("5", "[1,3,8,8,0]") "%y = Reshape(%x, %s)", "!copies dimension 4"},
    {13, X4 SHAPE("9", "[1,1,1,1,1,1,1,1,-1]") "%y = Reshape(%x, %s)", "!at most 8"},
    {13, X4 SHAPE("2", "[9223372036854775807,9223372036854775807]") "%y = Reshape(%x, %s)", "!"},
    {13, X4 "input %s: i64[2] %y = Reshape(%x, %s)", "? f32 [?...]"},
    {14, "input %x: f32[0,3] " SHAPE("2", "[3,0]") "%y = Reshape(%x, %s) {allowzero=1}", "f32 [3,0]"},
    {13, "input %x: f32[0,3] " SHAPE("2", "[0,-1]") "%y = Reshape(%x, %s)", "f32 [0,0]"},
    {13, "input %x: f32[?,3] " SHAPE("2", "[-1,3]") "%y = Reshape(%x, %s)", "f32 [?,3]"},
    {13, X4 "%y = Flatten(%x)", "f32 [1,192]"},
    {13, X4 "%y = Flatten(%x) {axis=-2}", "f32 [3,64]"},
    {13, X4 "%y = Flatten(%x) {axis=4}", "f32 [192,1]"},
    {13, X4 "%y = Flatten(%x) {axis=0}", "f32 [1,192]"},
    {13, X4 "%y = Flatten(%x) {axis=5}", "!outside"},
    {13, X4 SHAPE("1", "[0]") "%y = Squeeze(%x, %s)", "f32 [3,8,8]"},
    {13, X4 "%y = Squeeze(%x)", "f32 [3,8,8]"},
    {13, X4 SHAPE("1", "[1]") "%y = Squeeze(%x, %s)", "!which is not 1"},
    {13, X4 SHAPE("2", "[0,-4]") "%y = Squeeze(%x, %s)", "!named twice"},
    {11, X4 "%y = Squeeze(%x) {axes=[-4]}", "f32 [3,8,8]"},
    {13, X4 SHAPE("2", "[-1,0]") "%y = Unsqueeze(%x, %s)", "f32 [1,1,3,8,8,1]"},
    {11, X4 "%y = Unsqueeze(%x) {axes=[2]}", "f32 [1,3,1,8,8]"},
    {11, X4 "%y = Unsqueeze(%x) {axes=[0,1,2,3,4]}", "!9 axes; supported: 8"},
    {13, X4 "%y = Shape(%x)", "i64 [4]"},
    {15, X4 "%y = Shape(%x) {start=-2}", "i64 [2]"},
    {15, X4 "%y = Shape(%x) {start=3, end=1}", "i64 [0]"},
    {13, X4 "%y = Size(%x)", "i64 []"},
    {13, SHAPE("2", "[2,3]") "%y = ConstantOfShape(%s) {value=tensor i32[1]=[7]}", "i32 [2,3]"},
    {13, SHAPE("2", "[2,-3]") "%y = ConstantOfShape(%s)", "!the dimension -3"},
    {13, "const %s: i64[] = [0] const %l: i64[] = [10] const %d: i64[] = [3] %y = Range(%s, %l, %d)", "i64 [4]"},
    {13, "const %s: f32[] = [10] const %l: f32[] = [0] const %d: f32[] = [-2.5] %y = Range(%s, %l, %d)", "f32 [4]"},
    {13, "const %s: i64[] = [0] const %l: i64[] = [10] %y = Range(%s, %l, %s)", "!has no end"},
    {13,
     "const %s: i64[] = [-9223372036854775808] const %l: i64[] = [9223372036854775807] const %d: i64[] = [1] "
     "%y = Range(%s, %l, %d)",
     "!has no end"},
    {13, "%y = Constant() {value_ints=[1,2,3]}", "i64 [3]"},
    {13, "%y = Constant() {value_float=1f}", "f32 []"},
    {13, "%y = Constant() {value=tensor u8[2]=[1,2]}", "u8 [2]"},
};

#define CUT(s, e, a, t)                                                                                                \
    "const %s: i64[1] = [" s "] const %e: i64[1] = [" e "] const %a: i64[1] = [" a "] const %t: i64[1] = [" t "] "     \
    "%y = Slice(%x, %s, %e, %a, %t)"
static const Case moves[] = {
    {13, "input %x: f32[2,3,4] %y = Transpose(%x)", "f32 [4,3,2]"},
    {13, "input %x: f32[2,3,4] %y = Transpose(%x) {perm=[1,0,2]}", "f32 [3,2,4]"},
    {13, "input %x: f32[2,3,4] %y = Transpose(%x) {perm=[1,1,2]}", "!no permutation"},
    {13, "input %x: f32[2,3,4] %y = Transpose(%x) {perm=[1,0]}", "!has 2 axes; its input has 3"},
    {13, "input %x: f32[2,3,4] %y = Transpose(%x) {perm=[1,0,-1]}", "!no permutation"},
    {13, AB("[2,3]", "[2,5]") "%y = Concat(%a, %b) {axis=-1}", "f32 [2,8]"},
    {13, AB("[2,3]", "[0,3]") "%y = Concat(%a, %b) {axis=0}", "f32 [2,3]"},
    {13, AB("[2,3]", "[2,5]") "%y = Concat(%a, %b) {axis=0}", "!differ on axis 1"},
    {13, AB("[2,3]", "[2]") "%y = Concat(%a, %b) {axis=0}", "!2 and 1 axes"},
    {13, AB("[2,3]", "[2,5]") "%y = Concat(%a, %b) {axis=2}", "!outside"},
    {13, AB("[?,3]", "[2,5]") "%y = Concat(%a, %b) {axis=1}", "? f32 [2,8]"},
    {13, "input %x: f32[6,2] %z, %y = Split(%x)", "f32 [3,2]"},
    {13, "input %x: f32[6,2] " SHAPE("2", "[2,4]") "%z, %y = Split(%x, %s)", "f32 [4,2]"},
    {13, "input %x: f32[6,2] " SHAPE("2", "[2,5]") "%z, %y = Split(%x, %s)", "!sum up to 7"},
    {13, "input %x: f32[5,2] %z, %y = Split(%x)", "!do not split into 2 equal parts"},
    {18, "input %x: f32[5,2] %z, %y = Split(%x) {num_outputs=2}", "f32 [2,2]"},
    {11, "input %x: f32[6,2] %z, %y = Split(%x) {split=[5,1]}", "f32 [1,2]"},
    {11, "input %x: f32[6,2] %z, %y = Split(%x) {split=[7,-1]}", "!part 1 has the size -1"},
    {13, "input %x: f32[10] " CUT("2", "8", "0", "3"), "f32 [2]"},
    {13, "input %x: f32[10] " CUT("-3", "9223372036854775807", "0", "1"), "f32 [3]"},
    {13, "input %x: f32[10] " CUT("-1", "-9223372036854775808", "-1", "-1"), "f32 [10]"},
    {13, "input %x: f32[10] " CUT("8", "2", "0", "-4"), "f32 [2]"},
    {13, "input %x: f32[10] " CUT("5", "5", "0", "1"), "f32 [0]"},
    {13, "input %x: f32[10] " CUT("0", "10", "0", "-9223372036854775808"), "f32 [0]"},
    {13, "input %x: f32[10] " CUT("9", "-20", "0", "-9223372036854775808"), "f32 [1]"},
    {13, "input %x: f32[10] " CUT("0", "10", "0", "0"), "!step on axis 0 is 0"},
    {13, "input %x: f32[10] " CUT("0", "10", "1", "1"), "!outside"},
    {9, "input %x: f32[4,5] %y = Slice(%x) {starts=[1], ends=[3], axes=[1]}", "f32 [4,2]"},
    {9, "input %x: f32[4,5] %y = Slice(%x) {starts=[1,1], ends=[3]}", "!differ in length"},
    {13, "input %x: f32[4,5] input %s: i64[1] %y = Slice(%x, %s, %s)", "? f32 [?,5]"},
    {13, "input %x: f32[4,5,6] input %i: i64[2,3] %y = Gather(%x, %i) {axis=1}", "f32 [4,2,3,6]"},
    {13, "input %x: f32[4,5,6] const %i: i64[] = [-1] %y = Gather(%x, %i)", "f32 [5,6]"},
    {13, "input %x: f32[4,5,6] const %i: i64[] = [4] %y = Gather(%x, %i)", "!its index 4 is outside"},
    {13, "input %x: f32[4,5,6] const %i: f32[] = [1] %y = Gather(%x, %i)", "!its indices are f32"},
    {13, "input %x: f32[2,1,2,1,2] input %i: i64[1,1,1,1,1] %y = Gather(%x, %i)", "!9 axes"},
    {13, "input %x: f32[4,5] input %i: i32[2,9] %y = GatherElements(%x, %i) {axis=-1}", "f32 [2,9]"},
    {13, "input %x: f32[4,5] input %i: i32[5,1] %y = GatherElements(%x, %i) {axis=1}", "!do not fit its data [4,5]"},
    {13, "input %x: f32[4,5] input %i: i32[4] %y = GatherElements(%x, %i)", "!do not fit its data [4,5]"},
    {13, "input %x: f32[4,5] input %i: f32[4,5] %y = GatherElements(%x, %i)", "!its indices are f32"},
    {13, "input %x: f32[4,5] input %i: i64[4,5] %y = GatherElements(%x, %i) {axis=2}", "!attribute 'axis' is 2"},
    {13, "input %x: f32[4] const %i: i64[1] = [4] %y = GatherElements(%x, %i)", "!its index 4 is outside of axis 0"},
    {13, "input %x: f32[0] input %i: i64[1] %y = GatherElements(%x, %i)", "!have nothing to index"},
    {13, "input %x: f32[2,3,4] input %i: i64[2,5,1] %y = GatherND(%x, %i) {batch_dims=1}", "f32 [2,5,4]"},
    {13, "input %x: f32[2,3,4] input %i: i64[3,5,1] %y = GatherND(%x, %i) {batch_dims=1}", "!'batch_dims' 1"},
    {13, "input %x: f32[2,3] input %i: i64[5,3] %y = GatherND(%x, %i)", "!do not fit with attribute 'batch_dims' 0"},
    {13, "input %x: f32[2,3] input %i: i32[5,2] %y = GatherND(%x, %i)", "!its indices are i32; supported: i64"},
    {18, "input %x: f32[4] input %i: i64[2] input %u: f32[3] %y = ScatterElements(%x, %i, %u)", "!differ in shape"},
    {18, "input %x: f32[4] input %i: i64[2] input %u: i32[2] %y = ScatterElements(%x, %i, %u)", "!must be of one type"},
    {18, "input %x: f32[4] input %i: i64[2] input %u: f32[2] %y = ScatterElements(%x, %i, %u) {reduction=\"sum\"}",
     "!attribute 'reduction' is 'sum'"},
    {18, "input %x: i8[4] input %i: i64[2] input %u: i8[2] %y = ScatterElements(%x, %i, %u) {reduction=\"add\"}",
     "!with attribute 'reduction' add supported: f32 i32 i64"},
    {18, "input %x: f32[4] const %i: i64[3,1] = [0, 1, 4] input %u: f32[3] %y = ScatterND(%x, %i, %u)",
     "!its index 4 is outside of axis 0"},
    {14, RNN "%y = RNN(%x, %w, %r)", "f32 [5,1,2,4]"},
    {14, RNN "%y = RNN(%x, %w, %r) {layout=1}", "f32 [5,2,1,4]"},
    {14, RNN "%y = RNN(%x, %w, %r) {layout=2}", "!attribute 'layout' is 2"},
    {14, RNN "%y = RNN(%x, %w, %r) {activations=[\"Elu\"]}", "!attribute 'activations' is not supported"},
    {14, RNN "%y = RNN(%x, %w, %r) {activations=[\"Tanh\", \"Tanh\"]}", "!attribute 'activations' is not supported"},
    {14, RNN "input %h: f32[1,2,4] %y = RNN(%x, %w, %r, _, _, %h) {layout=1}", "!its first state [1,2,4] does not fit"},
    {13, "input %x: u8[2] %y = BitShift(%x, %x) {direction=\"UP\"}", "!attribute 'direction' is 'UP'"},
    {18, "input %x: f32[2] %y = BitwiseAnd(%x, %x)", "!is f32"},
    {9, "input %x: f32[4,5] %y, %i = TopK(%x) {k=3}", "f32 [4,3]"},
    {13, "input %x: f32[4,5] const %k: i64[1] = [4] %y, %i = TopK(%x, %k) {axis=0}", "f32 [4,5]"},
    {13, "input %x: f32[4,5] const %k: i64[1] = [6] %y, %i = TopK(%x, %k)", "!its k is 6; axis 1 of its input"},
    {13, "input %x: f32[4,5] const %k: i64[1] = [-1] %y, %i = TopK(%x, %k)", "!its k is -1"},
    {13, "input %x: f32[4,5] const %k: i64[1] = [1] %y, %i = TopK(%x, %k) {axis=2}", "!attribute 'axis' is 2"},
    {13, "input %x: f32[4,5] const %k: i32[1] = [1] %y, %i = TopK(%x, %k)", "!its input K is i32"},
    {13, "input %x: f32[3,1] " SHAPE("3", "[2,1,6]") "%y = Expand(%x, %s)", "f32 [2,3,6]"},
    {13, "input %x: f32[3,2] " SHAPE("2", "[3,6]") "%y = Expand(%x, %s)", "!does not broadcast"},
    {13, "input %x: f32[3,2] " SHAPE("2", "[2,3]") "%y = Tile(%x, %s)", "f32 [6,6]"},
    {13, "input %x: f32[3,2] " SHAPE("2", "[2,0]") "%y = Tile(%x, %s)", "f32 [6,0]"},
    {13, "input %x: f32[3,2] " SHAPE("2", "[2,-1]") "%y = Tile(%x, %s)", "!-1 times"},
    {13, "input %x: f32[3,2] " SHAPE("2", "[9223372036854775807,2]") "%y = Tile(%x, %s)", "!more than 2^63"},
    {13, "input %x: f32[3,2] " SHAPE("4", "[1,2,3,-1]") "%y = Pad(%x, %s)", "f32 [7,3]"},
    {13, "input %x: f32[3,2] " SHAPE("4", "[1,0,1,1]") "%y = Pad(%x, %s) {mode=\"edge\"}", "f32 [5,3]"},
    {13, "input %x: f32[3,2] " SHAPE("4", "[2,0,0,2]") "%y = Pad(%x, %s) {mode=\"reflect\"}", "!larger than axis 1"},
    {13, "input %x: f32[3,2] " SHAPE("4", "[-2,0,-2,0]") "%y = Pad(%x, %s)", "!cuts 2 and 2 off axis 0"},
    {13, "input %x: f32[3,2] " SHAPE("3", "[1,1,1]") "%y = Pad(%x, %s)", "!3 integers; 4 expected"},
    {10, "input %x: f32[3,2] %y = Pad(%x) {pads=[1,1,1,1], value=3f}", "f32 [5,4]"},
    {18, "input %x: f32[3,2] " SHAPE("2", "[1,1]") "const %a: i64[1] = [-1] %y = Pad(%x, %s, _, %a)", "f32 [3,4]"},
    {13, "input %x: f32[1,12,2,3] %y = DepthToSpace(%x) {blocksize=2, mode=\"CRD\"}", "f32 [1,3,4,6]"},
    {13, "input %x: f32[1,12,2,3] %y = DepthToSpace(%x) {blocksize=5}", "!do not divide"},
    {13, "input %x: f32[1,12,2,3] %y = DepthToSpace(%x) {blocksize=0}", "!'blocksize' is 0"},
    {13, "input %x: f32[1,3,4,6] %y = SpaceToDepth(%x) {blocksize=2}", "f32 [1,12,2,3]"},
};

static const Case reductions[] = {
    {13, "input %x: f32[2,3,4] " SHAPE("1", "[-2]") "%y = ReduceSum(%x, %s)", "f32 [2,1,4]"},
    {13, "input %x: f32[2,3,4] " SHAPE("2", "[0,2]") "%y = ReduceSum(%x, %s) {keepdims=0}", "f32 [3]"},
    {13, "input %x: f32[2,3,4] %y = ReduceSum(%x)", "f32 [1,1,1]"},
    {13, "input %x: f32[2,3,4] %y = ReduceSum(%x) {noop_with_empty_axes=1}", "f32 [2,3,4]"},
    {13, "input %x: f32[2,3,4] %y = ReduceMean(%x) {axes=[1,2], keepdims=0}", "f32 [2]"},
    {13, "input %x: f32[2,3,4] %y = ReduceMax(%x) {axes=[3]}", "!outside"},
    {13, "input %x: f32[2,3,4] %y = ReduceMax(%x) {axes=[1,-2]}", "!named twice"},
    {18, "input %x: f32[2,3,4] " SHAPE("1", "[0]") "%y = ReduceL2(%x, %s)", "f32 [1,3,4]"},
    {18, "input %x: f32[2,3,4] input %s: i64[1] %y = ReduceL2(%x, %s)", "? f32 [?,?,?]"},
    {13, "input %x: f32[2,0,4] %y = ReduceMax(%x) {axes=[1]}", "f32 [2,1,4]"},
    {13, "input %x: f32[] %y = ReduceMax(%x)", "f32 []"},
    {13, "input %x: f32[2,3,4] %y = ArgMax(%x) {axis=-1}", "i64 [2,3,1]"},
    {13, "input %x: f32[2,3,4] %y = ArgMin(%x) {keepdims=0}", "i64 [3,4]"},
    {13, "input %x: f32[0,3] %y = ArgMax(%x)", "!has no elements"},
};

static const Case refusals[] = {
    {13, "input %x: f32[2] %y = NonMaxSuppression(%x)", "!NonMaxSuppression): operator is not supported"},
    {13, "input %x: f32[2] %y = com.acme.Magic(%x)", "!domain 'com.acme'"},
    {13, "input %x: f32[2] %y = HardSwish(%x)", "!supported: opset 14 and later"},
    {13, "input %x: bool[] %y = Loop(%x, %x) {body=graph \"t\" { %k = Identity(%x) output %k }}", "!subgraphs"},
    {13, "input %x: bool[] %y = If(%x) {then_branch=graph \"t\" { %k = Identity(%x) output %k }}",
     "!'else_branch' is missing"},
    {13, "input %x: bool[] %y = If(%x) {then_branch=1, else_branch=2}", "!must be a graph"},
    {13, "input %x: f32[2] %y = Relu(%x, %x)", "!2 inputs; 1 expected"},
    {13, "input %x: f32[2] %y = Add(%x, _)", "!input 1 is left out"},
    {13, "input %x: f32[2] %y = Elu(%x) {alpha=[1]}", "!'alpha' is a list of integers; it must be a float"},
    {13, "input %x: string[2] %y = Identity(%x)", "!string, which is not supported"},
};

static const struct {
    const char *name;
    const Case *cases;
    int count;
} tables[] = {
#define TABLE(t)                                                                                                       \
    {                                                                                                                  \
#t, t, sizeof t / sizeof *t                                                                                    \
    }
    TABLE(convs),  TABLE(pools), TABLE(products),   TABLE(normalisations), TABLE(elements),
    TABLE(shapes), TABLE(moves), TABLE(reductions), TABLE(refusals),
};

static const Value *named(const Graph *g, const char *name)
{
    for (size_t i = 0; i < g->values.count; i++)
        if (!strcmp(g->values.items[i]->name, name))
            return g->values.items[i];
    return NULL;
}

static bool check_and_infer(OpContext *c, Graph *g)
{
    ops_bind(g);
    if (!ops_check(g, c->diag))
        return false;
    GRAPH_NODES(g, n)
    if (!op_infer(c, g, n))
        return false;
    return true;
}

static bool lower(OpContext *c, Graph *g)
{
    Plan p = {.arena = g->arena, .graph = g};
    GRAPH_NODES(g, n)
    if (!op_lower(c, &p, n))
        return false;
    return true;
}

static void run_case(const Case *k)
{
    Arena *a = arena_new();
    OpContext c = {diag_new(a), a};
    const char *text = arena_printf(a, "graph \"t\" opset \"\" %d { %s output %%y }", k->opset, k->text);
    Graph *g = graph_read(a, c.diag, text, strlen(text), "case");
    if (!g)
        diag_flush(c.diag, stdout);
    ck_assert_msg(g != NULL, "%s: cannot be read", k->text);
    bool ok = check_and_infer(&c, g);
    const Value *y = named(g, "y");
    char shape[SHAPE_TEXT_BYTES];
    const char *got = arena_printf(a, "%s %s", dtype_name(y->type), shape_text(&y->shape, shape, sizeof shape));
    bool open = !strncmp(k->want, "? ", 2) || strchr(k->want, '?');
    if (k->want[0] != '!')
        ck_assert_msg(ok && !strcmp(got, k->want + 2 * !strncmp(k->want, "? ", 2)), "%s: got %s, want %s", k->text, got,
                      k->want);
    if (ok)
        ok = lower(&c, g);
    bool found = false;
    for (size_t i = 0; i < c.diag->messages.count; i++)
        found = found || (c.diag->messages.items[i].severity == DIAG_ERROR &&
                          strstr(c.diag->messages.items[i].text, open ? "not known at compile time" : k->want + 1));
    bool want_error = open || k->want[0] == '!';
    if (ok == want_error || (want_error && !found))
        diag_flush(c.diag, stdout);
    ck_assert_msg(ok != want_error && (!want_error || found), "%s: want %s", k->text, k->want);
    arena_free(a);
}

START_TEST(gives_shape_or_error)
{
    for (int i = 0; i < tables[_i].count; i++)
        run_case(&tables[_i].cases[i]);
}
END_TEST

START_TEST(finds_rows_by_version)
{
    ck_assert_int_eq(operator_find("", "Softmax", 12)->since, 1);
    ck_assert_int_eq(operator_find("", "Softmax", 13)->since, 13);
    ck_assert_int_eq(operator_find("ai.onnx", "Clip", 22)->since, 11);
    ck_assert_ptr_null(operator_find("", "Gelu", 19));
    ck_assert_ptr_null(operator_find("", "Nothing", 19));
    ck_assert_ptr_nonnull(operator_find("adze", "Conv", 0));
}
END_TEST

START_TEST(reports_every_unsupported_node)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    const char *text =
        "graph \"t\" opset \"\" 13 { input %x: f32[2] %a = NoSuch(%x) %b = Relu(%a) %c = NorThis(%b) {k=1} "
        "%y = Relu(%c) {k=1} output %y }";
    Graph *g = graph_read(a, d, text, strlen(text), "case");
    ck_assert_ptr_nonnull(g);
    ops_bind(g);
    ck_assert(!ops_check(g, d));
    ck_assert_uint_eq(d->error_count, 2);
    ck_assert_uint_eq(d->messages.count, 3); /* the unknown attribute is a warning */
    arena_free(a);
}
END_TEST

START_TEST(writes_the_table)
{
    Buf out = {0};
    operators_markdown(&out);
    ck_assert_ptr_nonnull(strstr(buf_text(&out), "| ai.onnx | LeakyRelu | 1 | 1 | 1 | `alpha` = 0.01 | f32 |\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&out), "| ai.onnx | Cast | 6 | 1 | 1 | `to` (required) |"));
    ck_assert_ptr_nonnull(strstr(buf_text(&out), "`mode` = constant"));
    ck_assert_ptr_nonnull(
        strstr(buf_text(&out), "| ai.onnx | Concat | 4 | 1 or more | 1 | `axis` (required) | any |\n"));
    buf_free(&out);
}
END_TEST

/* Steps of a text's nodes, for what lowering makes of them. */
static Plan plan_of(Arena *a, int opset, const char *nodes)
{
    OpContext c = {diag_new(a), a};
    const char *text = arena_printf(a, "graph \"t\" opset \"\" %d { %s output %%y }", opset, nodes);
    Graph *g = graph_read(a, c.diag, text, strlen(text), "case");
    bool ok = g && check_and_infer(&c, g);
    Plan p = {.arena = a, .graph = g};
    for (Node *n = ok ? g->first : NULL; n; n = node_next(n))
        ok = op_lower(&c, &p, n) && ok;
    diag_flush(c.diag, stdout);
    ck_assert(ok);
    return p;
}

static const adze_copy_params *copy_of(const Plan *p, size_t i)
{
    ck_assert_uint_lt(i, p->steps.count);
    ck_assert_int_eq(p->steps.items[i]->kind, KIND_COPY);
    return (const adze_copy_params *)(const void *)p->steps.items[i]->params;
}

START_TEST(collapses_copies)
{
    Arena *a = arena_new();
    Plan p = plan_of(a, 13, "input %x: f32[2,3,4,5] %y = Transpose(%x) {perm=[0,2,3,1]}");
    ck_assert_int_eq(copy_of(&p, 0)->rank, 3); /* 2, 4*5, 3 */
    ck_assert_int_eq(copy_of(&p, 0)->dim[1], 20);
    p = plan_of(a, 13, "input %x: f32[2,1,4,1] %y = Transpose(%x) {perm=[1,0,3,2]}");
    ck_assert_uint_eq(p.steps.count, 0);
    p = plan_of(a, 13, AB("[2,3,4]", "[2,5,4]") "%y = Concat(%a, %b) {axis=1}");
    ck_assert_uint_eq(p.steps.count, 2);
    ck_assert_int_eq(copy_of(&p, 1)->rank, 2); /* 2, 5*4 */
    ck_assert_int_eq(copy_of(&p, 1)->y_offset, 12);
    arena_free(a);
}
END_TEST

START_TEST(collapses_broadcasts)
{
    Arena *a = arena_new();
    Plan p = plan_of(a, 13, AB("[2,3,4,5]", "[3,1,1]") "%y = Add(%a, %b)");
    const adze_broadcast_params *s = (const void *)p.steps.items[0]->params;
    ck_assert_int_eq(s->rank, 3); /* 2, 3, 4*5 */
    ck_assert_int_eq(s->b_stride[0], 0);
    ck_assert_int_eq(s->b_stride[1], 1);
    ck_assert_int_eq(s->b_stride[2], 0);
    p = plan_of(a, 13, AB("[2,3,4,5]", "[2,3,4,5]") "%r = Relu(%a) %y = Add(%r, %b)");
    s = (const void *)p.steps.items[1]->params;
    ck_assert_int_eq(s->rank, 1);
    ck_assert_uint_eq(p.steps.items[1]->overwritable, 3);
    arena_free(a);
}
END_TEST

START_TEST(counts_macs)
{
    Arena *a = arena_new();
    Plan p = plan_of(a, 1, "input %x: f32[1,8,8,4] const %w: f32[6,3,3,2] = fill(0) %y = adze.Conv(%x, %w) {group=2}");
    ck_assert_int_eq(p.steps.items[0]->macs, 6 * 6 * 6 * 9 * 2);
    ck_assert_int_eq(p.steps.items[0]->kind, KIND_CONV);
    p = plan_of(a, 1, "input %x: f32[1,8,8,4] const %w: f32[4,3,3,1] = fill(0) %y = adze.Conv(%x, %w) {group=4}");
    ck_assert_int_eq(p.steps.items[0]->kind, KIND_DEPTHWISE);
    p = plan_of(a, 13, AB("[5,2,3]", "[3,4]") "%y = MatMul(%a, %b)");
    ck_assert_int_eq(p.steps.items[0]->macs, 5 * 2 * 3 * 4);
    arena_free(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operators: shapes and lowering");
    TCase *cases = tcase_create("cases"), *rest = tcase_create("table and steps");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, gives_shape_or_error, 0, (int)(sizeof tables / sizeof *tables));
    tcase_add_test(rest, finds_rows_by_version);
    tcase_add_test(rest, reports_every_unsupported_node);
    tcase_add_test(rest, writes_the_table);
    tcase_add_test(rest, collapses_copies);
    tcase_add_test(rest, collapses_broadcasts);
    tcase_add_test(rest, counts_macs);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, rest);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
