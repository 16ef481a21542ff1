#include "fuzz/law.hpp"

#include <sanitizer/allocator_interface.h>

#include <cstdio>
#include <cstdlib>

namespace marea::fuzz {

namespace {

// The hooks see every allocation of the program, the C libraries' too.
std::size_t held = 0, most = 0;

void OnMalloc(const volatile void*, std::size_t size) {
  held += size;
  if (held > most) most = held;
}

void OnFree(const volatile void* pointer) {
  const std::size_t size = pointer == nullptr ? 0 : __sanitizer_get_allocated_size(pointer);
  held -= size < held ? size : held;  // what was taken before the hooks were there is not counted
}

const int installed = __sanitizer_install_malloc_and_free_hooks(OnMalloc, OnFree);

}  // namespace

void Require(bool holds, std::string_view law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %.*s\n", static_cast<int>(law.size()), law.data());
  std::abort();
}

HeapMeter::HeapMeter() {
  Require(installed > 0, "the heap is counted");
  held = most = 0;
}

std::size_t HeapMeter::Peak() const {
  return most;
}

}  // namespace marea::fuzz
