#include "runtime/helpers/bodies.hpp"
#include "runtime/printk.hpp"

namespace skep::runtime::helpers {

// The line goes to the Environment without the newline that most programs end it with.
u64 trace_printk(u64 format, u64 format_bytes, u64 first, u64 second, u64 third, void* execution) {
  const u64 arguments[] = {first, second, third};
  std::string text;
  const s64 length =
      print(text, {memory_at<const char>(format), static_cast<u32>(format_bytes)}, arguments);
  if (length < 0) return failure(length);
  if (text.ends_with('\n')) text.pop_back();
  execution_of(execution).environment->trace(text);
  return static_cast<u64>(length);
}

}  // namespace skep::runtime::helpers
