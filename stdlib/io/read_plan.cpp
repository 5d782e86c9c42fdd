#include "stdlib/io/read_plan.hpp"

#include <cctype>
#include <cstring>

namespace neap::internal::stdlib::io {

namespace {
constexpr int kEnd = -1;                     // what `peek` gives at the end of the file
constexpr std::size_t kLongestNumber = 200;  // characters, as in Lua's own library
}  // namespace

bool ReadPlan::run(ReadSource& source) {
  source_ = &source;
  stuck_ = ended_ = too_long_ = overrun_ = false;
  results.clear();
  at_ = source.begin;
  for (const ReadItem& item : items) {
    if (step(item)) continue;
    if (stuck_) return false;
    results.push_back({});
    break;
  }
  return true;
}

bool ReadPlan::step(const ReadItem& item) {
  switch (item.format) {
    case Format::line: return read_line(false);
    case Format::line_with_end: return read_line(true);
    case Format::rest: return read_rest();
    case Format::number: return read_number();
    case Format::count: return read_count(item.count);
  }
  return false;
}

/// Makes the buffer longer. False at the end, and when the plan is stuck.
bool ReadPlan::fetch(std::size_t wanted) {
  if (stuck_ || ended_) return false;
  // What the script has taken is dropped by this: places in the buffer move.
  const std::size_t before = source_->begin;
  const More more = source_->more(wanted);
  moved(before - source_->begin);
  stuck_ = more == More::failed || more == More::blocked;
  ended_ = more == More::end;
  return more == More::got;
}

/// The bytes of the buffer have moved forward by so many places.
void ReadPlan::moved(std::size_t places) {
  if (places == 0) return;
  at_ -= places;
  number_from_ -= places;
  for (ReadResult& result : results) result.from -= places;
}

bool ReadPlan::read_line(bool with_end) {
  std::size_t looked = 0;  // bytes from the start of the line in which there is no end of line
  for (;;) {
    const Bytes& bytes = source_->ahead;
    const char* from = bytes.data() + at_ + looked;
    const std::size_t left = bytes.size() - at_ - looked;
    if (const void* place = left != 0 ? std::memchr(from, '\n', left) : nullptr) {
      const auto end = static_cast<std::size_t>(static_cast<const char*>(place) - bytes.data());
      if (end - at_ > limit) break;
      found(at_, with_end ? end + 1 : end);
      at_ = end + 1;
      return true;
    }
    looked += left;
    if (looked > limit) break;
    if (fetch(0)) continue;
    if (stuck_ || looked == 0) return false;
    found(at_, at_ + looked);
    at_ += looked;
    return true;
  }
  stuck_ = overrun_ = true;
  return false;
}

bool ReadPlan::read_count(std::size_t count) {
  std::size_t available = source_->ahead.size() - at_;
  if (count == 0 && available == 0) {  // a test for the end of the file
    if (!fetch(0)) return false;
    found(at_, at_);
    return true;
  }
  while (available < count && fetch(count - available)) available = source_->ahead.size() - at_;
  if (stuck_ || (available == 0 && count != 0)) return false;
  const std::size_t taken = available < count ? available : count;
  found(at_, at_ + taken);
  at_ += taken;
  return true;
}

bool ReadPlan::read_rest() {
  const std::size_t before = source_->begin;
  const More more = source_->rest();
  moved(before - source_->begin);
  stuck_ = more != More::end;
  if (stuck_) return false;
  found(at_, source_->ahead.size());
  at_ = source_->ahead.size();
  return true;
}

/// The next character, which stays where it is; kEnd at the end of the file or when stuck.
int ReadPlan::peek() {
  if (at_ == source_->ahead.size() && !fetch(0)) return kEnd;
  return static_cast<unsigned char>(source_->ahead.data()[at_]);
}

/// Takes the next character when it is one of these and the number is not too long already.
bool ReadPlan::accept(const char* characters) {
  const int next = peek();
  if (next == kEnd || next == 0 || std::strchr(characters, next) == nullptr) return false;
  too_long_ |= at_ - number_from_ >= kLongestNumber;
  if (!too_long_) ++at_;
  return !too_long_;
}

int ReadPlan::accept_digits(bool hexadecimal) {
  int count = 0;
  while (accept(hexadecimal ? "0123456789abcdefABCDEF" : "0123456789")) ++count;
  return count;
}

/// The longest prefix that may be a numeral is taken, also when it is none: then nothing is found.
bool ReadPlan::read_number() {
  for (int next = peek(); next != kEnd && std::isspace(next) != 0; next = peek()) ++at_;
  if (stuck_) return false;
  number_from_ = at_;
  too_long_ = false;
  int digits = 0;
  bool hexadecimal = false;
  bool complete = true;
  accept("-+");
  if (accept("0")) {
    hexadecimal = accept("xX");
    digits = hexadecimal ? 0 : 1;
  }
  digits += accept_digits(hexadecimal);
  if (accept(".")) digits += accept_digits(hexadecimal);
  if (digits > 0 && accept(hexadecimal ? "pP" : "eE")) {
    accept("-+");
    complete = accept_digits(false) > 0;
  }
  if (stuck_) return false;
  if (digits == 0 || !complete || too_long_) return false;
  results.push_back({true, true, number_from_, at_ - number_from_});
  return true;
}

}  // namespace neap::internal::stdlib::io
