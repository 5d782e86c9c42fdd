#include "repl/output_state.hpp"

#include "repl/text.hpp"

#include <algorithm>
#include <cstdlib>

namespace neap::internal::repl {

namespace {

constexpr char kEscape = '\x1b';
constexpr int kTabStop = 8;
constexpr std::size_t kLongestLook = 256;
constexpr std::size_t kLongestSequence = 4096;  // what is longer is no sequence

bool is_final(char c) { return c >= 0x40 && c <= 0x7e; }

/// The end of a string that BEL or ESC \ ends; npos when it is not there.
std::size_t string_end(std::string_view bytes) {
  for (std::size_t i = 2; i < bytes.size(); ++i) {
    if (bytes[i] == '\a') return i + 1;
    if (bytes[i] == kEscape && i + 1 < bytes.size()) return i + 2;
  }
  return std::string_view::npos;
}

/// The size of the sequence that begins with the ESC at the beginning; npos when it is incomplete.
std::size_t sequence_size(std::string_view bytes) {
  if (bytes.size() < 2) return std::string_view::npos;
  if (bytes[1] == '[') {
    for (std::size_t i = 2; i < bytes.size(); ++i) {
      if (is_final(bytes[i])) return i + 1;
    }
    return std::string_view::npos;
  }
  if (std::string_view("]PX^_").find(bytes[1]) != std::string_view::npos) return string_end(bytes);
  // Intermediate bytes, as in ESC ( B.
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if (bytes[i] < 0x20 || bytes[i] > 0x2f) return i + 1;
  }
  return std::string_view::npos;
}

std::size_t incomplete_character(std::string_view bytes) {
  const std::size_t most = std::min<std::size_t>(bytes.size(), 3);
  for (std::size_t back = 1; back <= most; ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

/// The number in a sequence such as ESC [ 12 G.
int parameter(std::string_view sequence) {
  const int number = std::atoi(std::string(sequence.substr(2)).c_str());
  return std::max(number, 1);
}

}  // namespace

std::size_t incomplete_tail(std::string_view bytes) {
  const std::size_t first = bytes.size() - std::min(bytes.size(), kLongestSequence);
  for (std::size_t at = bytes.find(kEscape, first); at != std::string_view::npos;) {
    const std::size_t size = sequence_size(bytes.substr(at));
    if (size == std::string_view::npos) return bytes.size() - at;
    at = bytes.find(kEscape, at + size);
  }
  return incomplete_character(bytes);
}

void OutputState::begin_line() {
  column_ = 0;
  last_.clear();
}

void OutputState::set_look(std::string_view sequence) {
  const std::string_view numbers = sequence.substr(2, sequence.size() - 3);
  if (numbers.empty() || numbers == "0" || numbers.starts_with("0;")) look_.clear();
  if (numbers.empty() || numbers == "0") return;
  if (look_.size() + sequence.size() > kLongestLook) look_.clear();
  look_ += sequence;
}

void OutputState::escape(std::string_view sequence) {
  if (sequence.size() < 3 || sequence[1] != '[') return;
  switch (sequence.back()) {
    case 'm': set_look(sequence); break;
    case 'G': column_ = parameter(sequence) - 1; break;
    case 'C': column_ += parameter(sequence); break;
    case 'D': column_ = std::max(column_ - parameter(sequence), 0); break;
    default: break;
  }
}

/// Text in which only the look of what stands before the last line end matters.
void OutputState::feed(std::string_view bytes, int columns) {
  const std::size_t line = bytes.rfind('\n') + 1;  // 0 when there is none
  for (std::size_t at = bytes.find(kEscape); at < line;) {
    const std::size_t size = sequence_size(bytes.substr(at, line - at));
    if (size == std::string_view::npos) break;
    escape(bytes.substr(at, size));
    at = bytes.find(kEscape, at + size);
  }
  if (line != 0) begin_line();
  feed_line(bytes.substr(line), columns);
  column_ = std::min(column_, columns);
}

void OutputState::feed_line(std::string_view line, int columns) {
  std::string joined;
  if (!last_.empty() && !line.empty() && static_cast<unsigned char>(line[0]) >= 0x80) {
    column_ -= cluster_width(last_);
    joined = last_.append(line);
    line = joined;
  }
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    std::size_t end = at + 1;
    if (c == kEscape) {
      end = at + std::min(sequence_size(line.substr(at)), line.size() - at);
      escape(line.substr(at, end - at));
    } else if (c == '\r') {
      column_ = 0;
    } else if (c == '\t') {
      column_ = std::min((column_ / kTabStop + 1) * kTabStop, columns - 1);
    } else if (c == '\b') {
      column_ = std::max(column_ - 1, 0);
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f') {
      end = cluster_end(line, at);
      last_ = line.substr(at, end - at);
      const int width = cluster_width(last_);
      column_ = column_ + width > columns ? width : column_ + width;
      at = end;
      continue;
    }
    last_.clear();
    at = end;
  }
}

}  // namespace neap::internal::repl
