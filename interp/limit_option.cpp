#include "interp/limit_option.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <system_error>

namespace neap::internal {

namespace {

/// A number of bytes with K, M or G behind it, of 1024. 0 when it is none.
double unit_of_bytes(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit.size() != 1) return 0;
  switch (std::toupper(static_cast<unsigned char>(unit[0]))) {
    case 'K': return 1024;
    case 'M': return 1024 * 1024;
    case 'G': return 1024.0 * 1024 * 1024;
    default: return 0;
  }
}

double unit_of_seconds(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1;
  return unit == "ms" ? 1e-3 : 0;
}

/// 0 when it is no such number.
double parse_amount(std::string_view text, double (*unit_of)(std::string_view)) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number <= 0) return 0;
  return number * unit_of(text.substr(static_cast<std::size_t>(end - text.data())));
}

double no_unit(std::string_view unit) { return unit.empty() ? 1 : 0; }

bool set_count(std::size_t& count, double amount) {
  constexpr double kMost = 9e15;
  if (amount < 1 || amount > kMost) return false;
  count = static_cast<std::size_t>(amount);
  return true;
}

bool set_seconds(double& seconds, double amount) {
  seconds = amount;
  return amount > 0;
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

std::string parse_limit(std::string_view item, Limits& limits) {
  const std::size_t equals = item.find('=');
  const std::string_view name = item.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
  bool good = false;
  const char* expected = "a whole number";
  if (name == "memory") {
    good = set_count(limits.memory, parse_amount(value, unit_of_bytes));
    expected = "bytes such as 67108864 or 64M";
  } else if (name == "step" || name == "wall") {
    good = set_seconds(name == "step" ? limits.step : limits.wall, parse_amount(value, unit_of_seconds));
    expected = "seconds such as 0.1 or 100ms";
  } else if (name == "tasks" || name == "handles") {
    good = set_count(name == "tasks" ? limits.tasks : limits.handles, parse_amount(value, no_unit));
  } else {
    return "there is no limit " + quoted(name) + "; there are memory, step, wall, tasks and handles";
  }
  if (good) return {};
  return "--limit-" + std::string(name) + " takes " + expected + ", got " + quoted(value);
}

}  // namespace neap::internal
