// Ctrl-C asks a run to end and to print what it has; the second one ends it at once.
#pragma once

namespace skep::cli {

// From now on SIGINT and SIGTERM are noted instead of ending the process.
void catch_interrupts();
bool is_interrupted();

}  // namespace skep::cli
