#include "load/loader.h"

typedef struct {
    size_t at;
    const char *magic;
    const char *kind;
} Magic;

static const Magic magics[] = {
    {0, "version https://git-lfs", "a Git LFS pointer, not the model; hint: git lfs pull"},
    {0, "<!DOCTYPE", "a web page; hint: download the file itself"},
    {0, "<!doctype", "a web page; hint: download the file itself"},
    {0, "<html", "a web page; hint: download the file itself"},
    {4, "TFL3", "a TensorFlow Lite model; hint: convert it with tf2onnx"},
    {4, "ORTM", "an ONNX Runtime (.ort) model; hint: use the .onnx file that it was made from"},
    {0, "PK\003\004", "a zip archive, maybe PyTorch's; hint: unpack it, or export it with torch.onnx.export"},
    {0, "\x1f\x8b", "compressed by gzip; hint: unpack it"},
    {0, "\x28\xb5\x2f\xfd", "compressed by zstd; hint: unpack it"},
    {0,
     "\xfd"
     "7zXZ",
     "compressed by xz; hint: unpack it"},
    {0, "\x89HDF", "an HDF5 file, maybe Keras's; hint: convert it with tf2onnx"},
    {0, "\x93NUMPY", "a NumPy array, not a model"},
    {0, "\x80\002", "a Python pickle, maybe PyTorch's; hint: export it with torch.onnx.export"},
    {0,
     "\x7f"
     "ELF",
     "a program, not a model"},
};

const char *foreign_kind(const unsigned char *bytes, size_t size)
{
    if (size == 0)
        return "empty";
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        size_t n = strlen(magics[i].magic);
        if (size >= magics[i].at + n && memcmp(bytes + magics[i].at, magics[i].magic, n) == 0)
            return magics[i].kind;
    }
    size_t shown = size < 4096 ? size : 4096, ascii = 0;
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = bytes[i];
        if ((c < 0x20 && (c < '\t' || c > '\r')) || c == 0x7f)
            return NULL;
        ascii += c < 0x80;
    }
    return ascii < shown / 2 ? NULL : "text, not a model; hint: only the binary form of ONNX is supported";
}
