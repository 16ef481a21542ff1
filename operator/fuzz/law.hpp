// What every fuzz target holds its code to: laws, and memory in proportion to the input.
#pragma once

#include <cstddef>
#include <string_view>

namespace marea::fuzz {

// Ends the program with `law` unless it holds; the engine then keeps the input.
void Require(bool holds, std::string_view law);

// Counts the heap from its making on. One at a time, on one thread.
class HeapMeter {
 public:
  HeapMeter();
  std::size_t Peak() const;  // bytes held at once, at most, beyond what was held before
};

// What reading an input may hold at once: 64 times its size; less than 4 KiB count as so many.
constexpr std::size_t GrowthLimit(std::size_t input) {
  return 64 * (input < 4096 ? 4096 : input);
}

// What `read` returns; it may hold no more than the limit for an input of `size` bytes.
template <class Read>
auto Bounded(std::size_t size, Read read) {
  const HeapMeter meter;
  auto result = read();
  Require(meter.Peak() <= GrowthLimit(size), "reading takes at most 64 times the input");
  return result;
}

}  // namespace marea::fuzz
