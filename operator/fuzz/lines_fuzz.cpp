// The watch line splitter: however a stream is cut into chunks, its lines are the same.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"
#include "runtime/list_watch.hpp"

namespace marea::fuzz {
namespace {

struct Read {
  std::vector<std::string> lines;
  bool fits = true;  // no line was longer than the bound
  friend bool operator==(const Read&, const Read&) = default;
};

// What the splitter should find: up to the first line that is too long, with or without its end.
Read Expected(std::string_view stream, std::size_t max_line) {
  Read read;
  while (true) {
    const std::size_t end = stream.find('\n');
    const std::string_view line = stream.substr(0, end);
    if (line.size() > max_line) return read.fits = false, read;
    if (end == std::string_view::npos) return read;
    if (!line.empty()) read.lines.emplace_back(line);
    stream.remove_prefix(end + 1);
  }
}

// Each chunk is as long as the next byte of `cuts` says, over and over.
Read InChunks(std::string_view stream, std::size_t max_line, std::string_view cuts) {
  runtime::LineSplitter splitter(max_line);
  Read read;
  std::vector<std::string_view> lines;
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const std::size_t wanted =
        cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[i % cuts.size()]);
    const std::string chunk(stream.substr(0, std::max<std::size_t>(1, wanted)));
    stream.remove_prefix(chunk.size());
    const bool fits = splitter.Feed(chunk, lines);
    Require(read.fits || (!fits && lines.empty()), "nothing is read after a line that is too long");
    read.fits = fits;
    read.lines.insert(read.lines.end(), lines.begin(), lines.end());
  }
  return read;
}

}  // namespace
}  // namespace marea::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marea::fuzz;
  Bytes bytes(data, size);
  const std::size_t max_line = bytes.Byte() % 64;
  const std::string_view cuts = bytes.Text(bytes.Byte() % 8), stream = bytes.Rest();
  const Read expected = Expected(stream, max_line);
  Require(InChunks(stream, max_line, {}) == expected, "a stream in one piece gives its lines");
  Require(InChunks(stream, max_line, std::string_view("\1")) == expected,
          "byte by byte gives the same lines");
  const Read cut = Bounded(size, [&] { return InChunks(stream, max_line, cuts); });
  Require(cut == expected, "any chunking gives the same lines");
  return 0;
}
