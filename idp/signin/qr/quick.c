/* QR codes for a sixtieth of what libqrencode takes, which tries eight masks on each: ten thousand browsers that wait
 * take thousands of codes a second. Here the library draws one code of each version, and its mask is kept for all others. */
#include <pthread.h>
#include <qrencode.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "signin/qr/qr.h"

#define VERSION_MAX 10
#define WIDTH_MAX (17 + 4 * VERSION_MAX)
#define CODEWORDS_MAX 346
#define CHECK_MAX 26
#define NOT_DATA 0x80 /* of a module that libqrencode drew: finder, timing, format … */

/* The error correction blocks of each version at level M (ISO/IEC 18004 table 9): `more` blocks have one data codeword
 * more than the others and come last. */
static const struct blocks {
    unsigned char check, count, data, more;
} blocks_of[VERSION_MAX + 1] = {
    {0, 0, 0, 0},   {10, 1, 16, 0}, {16, 1, 28, 0}, {26, 1, 44, 0}, {18, 2, 32, 0}, {24, 2, 43, 0},
    {16, 4, 27, 0}, {18, 4, 31, 0}, {22, 4, 38, 2}, {22, 5, 36, 2}, {26, 5, 43, 1},
};

/* What all codes of a version share. */
struct frame {
    int width;
    unsigned char generator[CHECK_MAX];            /* of the check codewords, without its first coefficient 1 */
    unsigned char products[256][CHECK_MAX];        /* it, times each element */
    uint16_t order[WIDTH_MAX * WIDTH_MAX], places; /* where data bits stand, in their order */
    unsigned char modules[WIDTH_MAX * WIDTH_MAX];  /* fixed modules, and the mask where there is data */
};

static _Atomic(struct frame *) frames[VERSION_MAX + 1];
static pthread_mutex_t frames_lock = PTHREAD_MUTEX_INITIALIZER;

/* In the field of 256 elements with the polynomial 0x11d (annex A). */
static unsigned char multiply(unsigned char a, unsigned char b)
{
    unsigned product = 0;
    for (unsigned i = 8; i-- > 0;)
        product = (product << 1) ^ (product >> 7) * 0x11du ^ ((unsigned)b >> i & 1u) * a;
    return (unsigned char)product;
}

static void make_generator(struct frame *frame, unsigned check)
{
    unsigned char root = 1;
    frame->generator[check - 1] = 1;
    for (unsigned i = 0; i < check; i++) {
        for (unsigned j = 0; j < check; j++)
            frame->generator[j] = multiply(frame->generator[j], root) ^ (j + 1 < check ? frame->generator[j + 1] : 0);
        root = multiply(root, 2);
    }
    for (unsigned factor = 0; factor < 256; factor++)
        for (unsigned i = 0; i < check; i++)
            frame->products[factor][i] = multiply(frame->generator[i], (unsigned char)factor);
}

/* The order of data modules: strips of two columns from the right, upwards and downwards in turn, past the timing
 * column (section 7.7.3). */
static void make_order(struct frame *frame, const QRcode *sample)
{
    int width = frame->width;
    bool up = true;
    for (int right = width - 1; right > 0; right -= 2, up = !up) {
        if (right == 6)
            right = 5;
        for (int i = 0; i < 2 * width; i++) {
            int y = up ? width - 1 - i / 2 : i / 2, at = y * width + right - i % 2;
            if (!(sample->data[at] & NOT_DATA))
                frame->order[frame->places++] = (uint16_t)at;
        }
    }
}

static bool is_masked(int mask, int x, int y)
{
    switch (mask) { /* table 10 */
    case 0:
        return (x + y) % 2 == 0;
    case 1:
        return y % 2 == 0;
    case 2:
        return x % 3 == 0;
    case 3:
        return (x + y) % 3 == 0;
    case 4:
        return (y / 2 + x / 3) % 2 == 0;
    case 5:
        return x * y % 2 + x * y % 3 == 0;
    case 6:
        return (x * y % 2 + x * y % 3) % 2 == 0;
    default:
        return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

static void set_mask(struct frame *frame, const QRcode *sample, int mask)
{
    for (int at = 0; at < frame->width * frame->width; at++)
        frame->modules[at] =
            sample->data[at] & NOT_DATA ? sample->data[at] & 1 : is_masked(mask, at % frame->width, at / frame->width);
}

/* The data codewords of `text`: mode "bytes", its length, itself, an end, and what fills up (section 7.4). */
static void put_data(str text, int version, unsigned char *out, size_t size)
{
    unsigned length_bits = version < 10 ? 8 : 16, shift = 4;
    size_t n = 0;
    memset(out, 0, size);
    out[0] = 4 << 4;
    for (unsigned left = length_bits; left > 0; left -= 8) {
        unsigned char byte = (unsigned char)(text.n >> (left - 8));
        out[n++] |= (unsigned char)(byte >> shift);
        out[n] = (unsigned char)(byte << shift);
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        out[n++] |= (unsigned char)(byte >> shift);
        out[n] = (unsigned char)(byte << shift);
    }
    for (bool odd = true; ++n < size; odd = !odd) /* the four bits of the end are there */
        out[n] = odd ? 0xec : 0x11;
}

/* The remainder of `data` by the generator. */
static void put_check(const struct frame *frame, const unsigned char *data, size_t n, unsigned char *check,
                      size_t count)
{
    memset(check, 0, count);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *products = frame->products[data[i] ^ check[0]];
        for (size_t j = 0; j + 1 < count; j++)
            check[j] = check[j + 1] ^ products[j];
        check[count - 1] = products[count - 1];
    }
}

static size_t data_size(const struct blocks *blocks)
{
    return (size_t)blocks->count * blocks->data + blocks->more;
}

/* All codewords of `text`, those of the blocks by turns (section 7.6). Their number. */
static size_t put_codewords(const struct frame *frame, str text, int version, unsigned char *out)
{
    const struct blocks *blocks = &blocks_of[version];
    unsigned char data[CODEWORDS_MAX], check[CODEWORDS_MAX];
    size_t size = data_size(blocks), begin = 0, n = 0;
    put_data(text, version, data, size);
    for (size_t block = 0; block < blocks->count; block++) {
        bool longer = block >= (size_t)blocks->count - blocks->more;
        put_check(frame, data + begin, blocks->data + longer, check + block * blocks->check, blocks->check);
        for (size_t i = 0; i < blocks->data; i++)
            out[i * blocks->count + block] = data[begin + i];
        if (longer)
            out[size - blocks->count + block] = data[begin + blocks->data];
        begin += blocks->data + longer;
    }
    for (n = size; n < size + (size_t)blocks->count * blocks->check; n++)
        out[n] = check[(n - size) % blocks->count * blocks->check + (n - size) / blocks->count];
    return n;
}

static void draw(const struct frame *frame, str text, int version, unsigned char *out)
{
    unsigned char words[CODEWORDS_MAX];
    size_t bits = 8 * put_codewords(frame, text, version, words);
    memcpy(out, frame->modules, (size_t)(frame->width * frame->width));
    for (size_t i = 0; i < bits && i < frame->places; i++)
        out[frame->order[i]] ^= (unsigned char)(words[i / 8] >> (7 - i % 8) & 1);
}

/* The mask with which we draw what the library drew. */
static bool find_mask(struct frame *frame, const QRcode *sample, str text)
{
    unsigned char drawn[WIDTH_MAX * WIDTH_MAX];
    for (int mask = 0; mask < 8; mask++) {
        bool same = true;
        set_mask(frame, sample, mask);
        draw(frame, text, sample->version, drawn);
        for (int at = 0; same && at < frame->width * frame->width; at++)
            same = drawn[at] == (sample->data[at] & 1);
        if (same)
            return true;
    }
    log_error("qr.mask version=%d", sample->version);
    return false;
}

static struct frame *frame_new(int version)
{
    str text = STR("https://konsao.example/q/ID.STEP.MAC");
    if (version == 1 || version == 2)
        text = STR("https://a/q/");
    QRcode *sample = QRcode_encodeString8bit(text.p, version, QR_ECLEVEL_M);
    struct frame *frame = calloc(1, sizeof *frame);
    if (!sample || !frame)
        abort();
    frame->width = sample->width;
    make_generator(frame, blocks_of[version].check);
    make_order(frame, sample);
    if (sample->version != version || !find_mask(frame, sample, text)) {
        free(frame);
        frame = NULL;
    }
    QRcode_free(sample);
    return frame;
}

static const struct frame *frame_of(int version)
{
    struct frame *frame = atomic_load(&frames[version]);
    if (frame)
        return frame;
    pthread_mutex_lock(&frames_lock);
    frame = atomic_load(&frames[version]);
    if (!frame)
        atomic_store(&frames[version], frame = frame_new(version)); /* for ever */
    pthread_mutex_unlock(&frames_lock);
    return frame;
}

int qr_quick_version(size_t length)
{
    for (int version = 1; version <= VERSION_MAX; version++)
        if (length + (version < 10 ? 2 : 3) <= data_size(&blocks_of[version]))
            return version;
    return 0;
}

const unsigned char *qr_quick(struct arena *arena, str text, int version, int *width)
{
    int least = qr_quick_version(text.n);
    const struct frame *frame = least && version >= least && version <= VERSION_MAX ? frame_of(version) : NULL;
    if (!frame)
        return NULL;
    unsigned char *modules = arena_alloc(arena, (size_t)(frame->width * frame->width));
    draw(frame, text, version, modules);
    *width = frame->width;
    return modules;
}
