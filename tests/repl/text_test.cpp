// Grapheme clusters, their widths, and what is sent to a terminal for them.
#include "repl/text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace neap::internal::repl;
using namespace std::literals;

namespace {

using Clusters = std::vector<std::string>;

Clusters forwards(std::string_view text) {
  Clusters clusters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = cluster_end(text, at);
    clusters.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return clusters;
}

Clusters backwards(std::string_view text) {
  Clusters clusters;
  for (std::size_t at = text.size(); at > 0;) {
    const std::size_t begin = cluster_begin(text, at);
    clusters.emplace(clusters.begin(), text.substr(begin, at - begin));
    at = begin;
  }
  return clusters;
}

constexpr auto kFamily = "👨‍👩‍👧"sv;
constexpr auto kFlag = "🇩🇪"sv;
constexpr auto kAccent = "e\u0301"sv;

}  // namespace

TEST_CASE("repl text: clusters are the same forwards and backwards") {
  const std::vector<Clusters> texts = {
      {},
      {"a", "b", "c"},
      {"e\u0301", "x"},
      {"x", std::string(kFamily), std::string(kFlag), std::string(kFlag), "y"},
      {"日", "本", "語"},
      {"각", "a"},                    // composed Hangul
      {"\u1100\u1161\u11a8", "b"},    // and its parts
      {"\r", "\n", "\t", "\x01"},     // controls are clusters of their own
      {"\n", "\u0301", "\n"},         // a mark joins no control
      {"\xff", "a", "\xe6", "\x97"},  // no UTF-8: a byte each
      {"e\u0301\u0302\u0303", "\xf0", "\x9f", "🙂"},
      {"👍🏽", "❤\uFE0F", "3\uFE0F\u20E3"},
      {"\xc0", "\xaf", "\xed", "\xa0", "\x80"},
  };
  for (const Clusters& clusters : texts) {
    std::string text;
    for (const std::string& cluster : clusters) text += cluster;
    INFO(text);
    CHECK(forwards(text) == clusters);
    CHECK(backwards(text) == clusters);
  }
}

TEST_CASE("repl text: a place inside a cluster has the cluster's end as its boundary") {
  const std::string text = "a" + std::string(kFamily) + "b";
  CHECK(cluster_boundary(text, 0) == 0);
  CHECK(cluster_boundary(text, 1) == 1);
  for (std::size_t at = 2; at <= 1 + kFamily.size(); ++at) CHECK(cluster_boundary(text, at) == 1 + kFamily.size());
  CHECK(cluster_boundary(text, text.size()) == text.size());
}

TEST_CASE("repl text: widths are those of a terminal") {
  CHECK(width_of("") == 0);
  CHECK(width_of("abc") == 3);
  CHECK(width_of("日本語") == 6);
  CHECK(width_of(kAccent) == 1);
  CHECK(width_of(kFamily) == 2);
  CHECK(width_of(kFlag) == 2);
  CHECK(width_of("🇩") == 1);
  CHECK(width_of("❤") == 1);
  CHECK(width_of("❤\uFE0F") == 2);
  CHECK(width_of("👍🏽") == 2);
  CHECK(width_of("ｱ") == 1);
  CHECK(width_of("Ａ") == 2);
  CHECK(width_of("\u1100\u1161\u11a8") == 2);
}

TEST_CASE("repl text: what cannot be shown as it is, is shown as something that can be seen") {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"a", "a"},           {"日", "日"},         {"\x01", "^A"},        {"\x7f", "^?"},         {"\x1b", "^["},
      {"\t", "    "},       {"\n", ""},           {"\xff", "\uFFFD"},    {"\u200b", "\uFFFD"},   {"\u202e", "\uFFFD"},
      {"\u0085", "\uFFFD"}, {"\u2028", "\uFFFD"}, {"\u0301", " \u0301"}, {"e\u0301", "e\u0301"}, {"\ufeff", "\uFFFD"},
      {"\0"s, "^@"},
  };
  for (const auto& [cluster, expected] : pairs) {
    INFO(expected);
    CHECK(shown(cluster) == expected);
    CHECK(cluster_width(cluster) == width_of(expected));
  }
}

TEST_CASE("repl text: words are letters, digits, underscores and everything beyond ASCII but blanks") {
  for (const auto* cluster : {"a", "Z", "0", "_", "é", "日", "🙂"}) CHECK(is_word(cluster));
  for (const auto* cluster : {"", " ", ".", "-", "\n", "\u00a0", "\u3000", "\x01"}) CHECK_FALSE(is_word(cluster));
  for (const auto* cluster : {" ", "\t", "\n", "\u00a0", "\u3000"}) CHECK(is_blank(cluster));
  for (const auto* cluster : {"", "a", "é", "\xff"}) CHECK_FALSE(is_blank(cluster));
}

TEST_CASE("repl text: letters change their case beyond ASCII too") {
  CHECK(with_case("aé日x", Case::upper) == "AÉ日X");
  CHECK(with_case("ÄÖ", Case::lower) == "äö");
  CHECK(with_case("  élan VITAL", Case::capital) == "  Élan Vital");
  CHECK(with_case("\xff"
                  "a",
                  Case::upper) ==
        "\xff"
        "A");
}

TEST_CASE("repl text: a long line without ASCII is walked through in a moment, backwards too") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text.append(kFamily).append("日本\xff");
  std::size_t count = 0;
  for (std::size_t at = text.size(); at > 0; at = cluster_begin(text, at)) ++count;
  CHECK(count == 80'000);
}

TEST_CASE("repl text: random bytes and characters have the same clusters forwards and backwards") {
  const std::vector<std::string> pieces = {"a",      " ",      "\n",   "e\u0301", "\u0301", "\u200d", "👨",
                                           "👩",      "🇩",      "🇪",    "日",      "\u1100", "\u1161", "\uac01",
                                           "\u0600", "\ufe0f", "🏽", "\xff",    "\xe6",   "\x97",   "\xf0\x9f"};
  std::minstd_rand random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t left = random() % 12; left > 0; --left) text += pieces[random() % pieces.size()];
    REQUIRE(forwards(text) == backwards(text));
  }
}
