// skep version: which skep this is, and what it can do on this machine.
#include <sys/utsname.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"

namespace skep::cli {

Result<int> version(const Arguments&, Output& out) {
  utsname system{};
  ::uname(&system);
  if (out.is_json()) {
    JsonWriter json;
    json.begin_object().member("version", SKEP_VERSION).member("machine", system.machine);
    json.key("engines").begin_array().value("user").value("kernel").end_array().end_object();
    out.write(json.take() + "\n");
  } else if (out.volume() == Volume::quiet) {
    out.write(SKEP_VERSION "\n");
  } else {
    out.write(
        format("skep {}\nmachine {}, kernel {} {}\nengines: user (verifier, interpreter, JIT), "
               "kernel (bpf(2))\n",
               SKEP_VERSION, system.machine, system.sysname, system.release));
  }
  return 0;
}

}  // namespace skep::cli
