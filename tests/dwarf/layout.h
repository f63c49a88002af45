/* Prints what the compiler makes of a type, a line each, for a test to compare with what its debug
 * information says:
 *   point 8                 size in bytes
 *   point.x 32 0            first bit; bits if it is a bit-field, else 0
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
#define TYPE(name) name
#else
#define TYPE(name) struct name
#endif

#define SIZE(type) printf(#type " %zu\n", sizeof(TYPE(type)))
#define AT(type, member) printf(#type "." #member " %zu 0\n", 8 * offsetof(TYPE(type), member))

/* Writes ones into a bit-field and looks where they are. */
#define BITS(type, member) \
  print_bits(#type "." #member, (const unsigned char *)ONES(type, member), sizeof(TYPE(type)))
#define ONES(type, member)           \
  ({                                 \
    static TYPE(type) value;         \
    memset(&value, 0, sizeof value); \
    value.member--;                  \
    &value;                          \
  })

static void print_bits(const char *name, const unsigned char *bytes, size_t size) {
  size_t first = size * 8, count = 0;
  for (size_t bit = 0; bit < size * 8; ++bit) {
    if ((bytes[bit / 8] >> bit % 8 & 1) == 0) continue;
    if (first > bit) first = bit;
    ++count;
  }
  printf("%s %zu %zu\n", name, first, count);
}
