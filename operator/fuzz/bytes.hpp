// An input of the engine, taken apart into choices. What comes after its end is zero and empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace marea::fuzz {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t Byte() {
    if (rest_.empty()) return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<std::uint8_t>(c);
  }

  // Small numbers take one byte: the first says how many follow.
  std::int64_t Number() {
    std::uint64_t number = 0;
    for (int left = Byte() % 9; left > 0; --left) number = number << 8 | Byte();
    return static_cast<std::int64_t>(number);
  }

  std::string_view Text(std::size_t size) {
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    return text;
  }

  // Up to the end of the line, or of the input.
  std::string_view Line() {
    const std::string_view line = Text(rest_.find('\n'));
    if (!rest_.empty()) rest_.remove_prefix(1);
    return line;
  }

  std::string_view Rest() const { return rest_; }
  bool Empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace marea::fuzz
