/* Every shape that C has, once. */
#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

typedef unsigned int u32_alias;
enum plain { PLAIN_A, PLAIN_B = 7 };
enum negative { NEGATIVE_A = -5, NEGATIVE_B = 5 };
enum wide { WIDE_A = 1, WIDE_B = 0x100000007 };
enum wide_negative { WIDE_NEGATIVE = -0x100000007 };
enum high { HIGH = 0xfffffff0 };

struct scalars {
  char c;
  signed char sc;
  unsigned short us;
  int i;
  unsigned long ul;
  long long ll;
  float f;
  double d;
  long double ld;
  _Bool b;
  __int128 wide;
  double _Complex z;
  u32_alias alias;
};

struct nested {
  int first;
  union {
    int whole;
    struct {
      short low, high;
    };
  };
  struct {
    char inner;
  } named;
  enum plain plain;
  enum negative negative;
  enum wide wide;
};

struct bits {
  unsigned a : 3;
  int b : 7;
  unsigned : 0;
  unsigned long c : 40;
  _Bool d : 1;
  enum plain e : 4;
  unsigned char g : 2;
};

struct arrays {
  int one[5];
  char two[3][4];
  short three[2][3][4];
  struct bits of_structures[2];
  const char *pointers[6];
  char open[];
};

struct node;
struct unknown;
typedef int (*callback)(struct node *self, const char *format, ...);

struct node {
  struct node *next;
  const volatile int *counter;
  char *restrict text;
  callback call;
  void (*nothing)(void);
  struct unknown *opaque;
  void *raw;
  int (*matrix)[3];
};

struct __attribute__((packed)) packed {
  char a;
  int b;
  short c;
};
struct __attribute__((aligned(64))) aligned {
  int a;
};
union choice {
  int number;
  char bytes[12];
};
struct holder {
  union choice choice;
  struct packed packed;
};
typedef struct {
  int x, y;
} point;

struct holder global_holder;
struct scalars global_scalars; /* what no variable has is in no debug information */
struct nested global_nested;
struct aligned global_aligned;
point global_point;
static const volatile struct arrays *global_arrays;
enum high global_high;
enum wide_negative global_wide_negative;

static int take(struct node *node, enum plain plain, ...) { return node != 0 && plain == PLAIN_B; }
unsigned long exported(const point *at, unsigned long times) { return at->x * times; }

int main(void) {
  struct node node;
  memset(&node, 0, sizeof node);
  SIZE(scalars), SIZE(nested), SIZE(bits), SIZE(arrays), SIZE(node);
  SIZE(packed), SIZE(aligned), SIZE(holder);
  AT(scalars, c), AT(scalars, sc), AT(scalars, us), AT(scalars, i), AT(scalars, ul);
  AT(scalars, ll), AT(scalars, f), AT(scalars, d), AT(scalars, ld), AT(scalars, b);
  AT(scalars, wide), AT(scalars, z), AT(scalars, alias);
  AT(nested, first), AT(nested, whole), AT(nested, low), AT(nested, high), AT(nested, named);
  AT(nested, plain), AT(nested, negative), AT(nested, wide);
  BITS(bits, a), BITS(bits, b), BITS(bits, c), BITS(bits, e), BITS(bits, g);
  AT(arrays, one), AT(arrays, two), AT(arrays, three), AT(arrays, of_structures);
  AT(arrays, pointers), AT(arrays, open);
  AT(node, next), AT(node, counter), AT(node, text), AT(node, call), AT(node, nothing);
  AT(node, opaque), AT(node, raw), AT(node, matrix);
  AT(packed, a), AT(packed, b), AT(packed, c), AT(aligned, a);
  AT(holder, choice), AT(holder, packed);
  return take(&node, PLAIN_A, 1) + (int)exported(&global_point, 0) + (global_arrays != 0) +
         global_holder.choice.number + (global_high != 0) + (global_wide_negative != 0);
}
