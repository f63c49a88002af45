// Shapes that C does not have. Members are public, so that the compiler tells where they are.
#include <cstdint>
#include <string>
#include <vector>

#include "layout.h"

namespace app {

enum class Color : unsigned char { red, green = 200 };
enum class Level : long { low = -1, high = 0x100000000 };

struct Empty {};
struct Tag : Empty {};

struct Shape {
  virtual ~Shape() = default;
  virtual int area() const { return kind; }
  int kind = 1;
  static int count;
};
int Shape::count = 3;

struct Named {
  int id;
  short weight;
  bool is_heavier(const Named &other) const;
};
bool Named::is_heavier(const Named &other) const { return weight > other.weight; }

struct Circle : Shape, Named, Tag {
  int radius;
  Color color;
  Level level;
};

struct Virtual : virtual Named {
  int own;
};

struct Letters {
  bool flag;
  char8_t small;
  char16_t middle;
  char32_t large;
  wchar_t wide;
};

template <class T, int n>
struct Buffer {
  T items[n];
  unsigned used : 5;
  unsigned open : 1;
};

struct Everything {
  Buffer<int, 4> buffer;
  Buffer<char *, 2> pointers;
  Named &reference;
  Named &&moved;
  decltype(nullptr) null;
  int Named::*data;
  int (Shape::*function)() const;
  std::vector<Named> list;
  std::string text;
  struct Inner {
    char byte;
    long word;
  } inner;
  union {
    int whole;
    float real;
  };
};

inline namespace v1 {
struct Versioned {
  char c;
  double d;
};
}  // namespace v1

}  // namespace app

namespace {
struct Hidden {
  char c;
  int secret;
};
Hidden hidden;
}  // namespace

struct Outer {
  struct Declared;
  Declared *pointer;
};
struct Outer::Declared {
  long a, b;
};

using namespace app;
using Ints = Buffer<int, 4>;
using Texts = Buffer<char *, 2>;
using Inner = Everything::Inner;
using Declared = Outer::Declared;
// What no variable has is in no debug information.
app::Circle circle;
app::Shape shape;
app::Everything::Inner inner_;
Outer::Declared declared_;
app::Versioned versioned;
app::Virtual virtual_;
app::Letters letters;
std::vector<std::string> names;

int main() {
  struct Local {
    short a;
    long b;
  } local{};
  Named named{};
  Everything everything{.reference = named, .moved = static_cast<Named &&>(named)};
  Outer::Declared declared{};
  Outer outer{&declared};
  SIZE(Shape), SIZE(Named), SIZE(Circle), SIZE(Ints), SIZE(Texts), SIZE(Everything), SIZE(Inner);
  SIZE(Versioned), SIZE(Hidden), SIZE(Declared), SIZE(Outer), SIZE(Local), SIZE(Virtual);
  AT(Shape, kind), AT(Named, id), AT(Named, weight), AT(Circle, kind), AT(Circle, id);
  AT(Circle, weight), AT(Circle, radius), AT(Circle, color), AT(Circle, level);
  AT(Ints, items), BITS(Ints, used), BITS(Texts, open), AT(Texts, items);
  AT(Everything, buffer), AT(Everything, pointers), AT(Everything, null), AT(Everything, data);
  AT(Everything, function), AT(Everything, list), AT(Everything, text), AT(Everything, inner);
  SIZE(Letters), AT(Letters, flag), AT(Letters, small), AT(Letters, middle), AT(Letters, large);
  AT(Letters, wide), AT(Everything, whole), AT(Everything, real), AT(Inner, byte), AT(Inner, word);
  AT(Versioned, c), AT(Versioned, d), AT(Hidden, c), AT(Hidden, secret);
  AT(Declared, a), AT(Declared, b), AT(Outer, pointer), AT(Local, a), AT(Local, b);
  return static_cast<int>(local.b + hidden.secret + (everything.null != nullptr) +
                          (outer.pointer == nullptr) + named.is_heavier(named) + virtual_.own +
                          versioned.c + names.size());
}
