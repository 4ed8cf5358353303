/* Folders of PNG and JPEG images as one array [N,H,W,C] of u8. */
#include "base/io.h"
#include "commands/samples.h"

#include <stdio.h>

#include <jpeglib.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <strings.h>

#define MAX_PIXELS ((size_t)64 << 20)

typedef struct {
    size_t width, height;
    int channels;
    unsigned char *pixels;
} Image;

static bool has_ending(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcasecmp(path + n - m, ending) == 0;
}

bool is_image(const char *path)
{
    return has_ending(path, ".png") || has_ending(path, ".jpg") || has_ending(path, ".jpeg");
}

static const char *decode_png(Arena *a, const FileBytes *f, Image *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, f->data, f->size))
        return arena_strdup(a, image.message);
    image.format = out->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    out->width = image.width;
    out->height = image.height;
    if (out->width == 0 || out->height > MAX_PIXELS / out->width) {
        png_image_free(&image);
        return "more than 64 million pixels";
    }
    out->pixels = arena_alloc(a, PNG_IMAGE_SIZE(image));
    png_color black = {0, 0, 0};
    if (!png_image_finish_read(&image, &black, out->pixels, 0, NULL))
        return arena_strdup(a, image.message);
    return NULL;
}

typedef struct {
    struct jpeg_error_mgr manager;
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
} JpegError;

static void jpeg_fails(j_common_ptr info)
{
    JpegError *e = (JpegError *)info->err;
    info->err->format_message(info, e->text);
    longjmp(e->back, 1);
}

/* Warnings of libjpeg mean damaged data: half an image must not pass for a whole one. */
static void jpeg_message(j_common_ptr info, int level)
{
    if (level < 0)
        jpeg_fails(info);
}

static const char *decode_jpeg(Arena *a, const FileBytes *f, Image *out)
{
    struct jpeg_decompress_struct info;
    JpegError error;
    info.err = jpeg_std_error(&error.manager);
    error.manager.error_exit = jpeg_fails;
    error.manager.emit_message = jpeg_message;
    if (setjmp(error.back)) {
        jpeg_destroy_decompress(&info);
        return arena_strdup(a, error.text);
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, f->data, f->size);
    jpeg_read_header(&info, TRUE);
    info.out_color_space = out->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&info);
    out->width = info.output_width;
    out->height = info.output_height;
    if (out->height > MAX_PIXELS / out->width) {
        jpeg_destroy_decompress(&info);
        return "more than 64 million pixels";
    }
    size_t stride = out->width * (size_t)out->channels;
    out->pixels = arena_alloc(a, stride * out->height);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = out->pixels + info.output_scanline * stride;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return NULL;
}

/* The mean of the source pixels that a target pixel covers, or linear interpolation between centres when it grows. */
static double sample_axis(double centre, double width, size_t size, size_t tap, size_t *index)
{
    double left = centre - width, from = floor(left);
    double at = from + (double)tap;
    double weight = fmax(0, 1 - fabs(at - centre) / width);
    *index = at < 0 ? 0 : at >= (double)size ? size - 1 : (size_t)at;
    return weight;
}

static unsigned char resized_pixel(const Image *in, double y, double x, double high, double wide, int channel)
{
    double sum = 0, total = 0;
    size_t rows = (size_t)(2 * high) + 3, columns = (size_t)(2 * wide) + 3, row, column;
    for (size_t i = 0; i < rows; i++) {
        double wy = sample_axis(y, high, in->height, i, &row);
        for (size_t k = 0; wy > 0 && k < columns; k++) {
            double wx = sample_axis(x, wide, in->width, k, &column);
            sum += wy * wx * in->pixels[(row * in->width + column) * (size_t)in->channels + (size_t)channel];
            total += wy * wx;
        }
    }
    return (unsigned char)lround(sum / total);
}

static void resize(Arena *a, Image *image, size_t width, size_t height)
{
    Image out = {width, height, image->channels, NULL};
    double sy = (double)image->height / (double)height, sx = (double)image->width / (double)width;
    out.pixels = arena_alloc(a, width * height * (size_t)image->channels);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (int c = 0; c < image->channels; c++)
                out.pixels[(y * width + x) * (size_t)image->channels + (size_t)c] = resized_pixel(
                    image, ((double)y + 0.5) * sy - 0.5, ((double)x + 0.5) * sx - 0.5, fmax(1, sy), fmax(1, sx), c);
    *image = out;
}

static void swap_red_blue(Image *image)
{
    for (size_t i = 0; i < image->width * image->height * 3; i += 3) {
        unsigned char red = image->pixels[i];
        image->pixels[i] = image->pixels[i + 2];
        image->pixels[i + 2] = red;
    }
}

static bool read_image(Arena *a, Diag *d, const char *path, const Preprocess *p, Image *out)
{
    FileBytes f;
    if (!io_map(d, path, &f))
        return false;
    const char *wrong = has_ending(path, ".png") ? decode_png(a, &f, out) : decode_jpeg(a, &f, out);
    io_unmap(&f);
    if (wrong)
        return diag_error(d, "%s: %s", diag_quote(a, path), wrong);
    if (p->width && (out->width != (size_t)p->width || out->height != (size_t)p->height))
        resize(a, out, (size_t)p->width, (size_t)p->height);
    if (p->colour == COLOUR_BGR)
        swap_red_blue(out);
    return true;
}

static bool wants_gray(const Preprocess *p, const Value *like)
{
    if (p->colour != COLOUR_AS_MODEL || !like || like->shape.rank != 4)
        return p->colour == COLOUR_GRAY;
    return p->layout == LAYOUT_NHWC ? like->shape.dim[3] == 1 : like->shape.dim[1] == 1 || like->shape.dim[3] == 1;
}

bool images_read(Arena *a, Diag *d, const char *dir, const Preprocess *p, const Value *like, RawArray *out)
{
    NameList names = {0};
    ARRAY(Image) images = {0};
    if (!io_list(a, d, dir, &names))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        Image image = {.channels = wants_gray(p, like) ? 1 : 3};
        const char *path = io_join(a, dir, names.items[i]);
        if (!is_image(path))
            continue;
        if (!read_image(a, d, path, p, &image))
            return false;
        if (images.count && (image.width != images.items[0].width || image.height != images.items[0].height))
            return diag_error(d, "%s: %zu x %zu pixels, those before %zu x %zu; hint: --preprocess resize=WIDTHxHEIGHT",
                              diag_quote(a, path), image.width, image.height, images.items[0].width,
                              images.items[0].height);
        array_push(a, &images, image);
    }
    const Image *first = &images.items[0];
    size_t bytes = first->width * first->height * (size_t)first->channels;
    unsigned char *all = arena_array(a, images.count, bytes);
    for (size_t i = 0; i < images.count; i++)
        memcpy(all + i * bytes, images.items[i].pixels, bytes);
    Shape s = {4, {(int64_t)images.count, (int64_t)first->height, (int64_t)first->width, first->channels}};
    *out = (RawArray){"", dir, {DT_U8, s, all}};
    return true;
}
