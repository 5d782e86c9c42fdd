// The formats for machines.
#include "tests/stdlib/test/suite.hpp"

#include <catch2/catch_test_macros.hpp>

#include <regex>

using namespace neap::internal::tests;

namespace {

Suite mixed() {
  Suite suite(R"(
    describe("a # group", function()
      test("good", function() print("printed") end)
      test("bad <&> \"it\"", function() expect("]]> \1 \xff <b>"):to_equal("x") end)
      test("multi\nline", { skip = "why # not" }, function() end)
    end))");
  suite.add_raw("b_test.lua", "x = = 1");
  return suite;
}

/// Every element closed in order, no stray character: enough of XML for what is written here.
bool is_well_formed(const std::string& xml) {
  static const std::regex kToken(R"(<\?xml[^>]*\?>|<(/?)([a-z]+)((?:\s[a-z]+="[^"<]*")*)\s*(/?)>|[^<>]+)");
  static const std::regex kText(R"((?:[^&\x01-\x08\x0b\x0c\x0e-\x1f]|&(?:amp|lt|gt|quot|#10|#9);)*)");
  std::vector<std::string> open;
  std::size_t at = 0;
  for (std::sregex_iterator it(xml.begin(), xml.end(), kToken), end; it != end; ++it) {
    if (static_cast<std::size_t>(it->position()) != at || !std::regex_match(it->str(), kText)) return false;
    at += static_cast<std::size_t>(it->length());
    if (!(*it)[2].matched) continue;
    if ((*it)[1].length() != 0) {
      if (open.empty() || open.back() != (*it)[2].str()) return false;
      open.pop_back();
    } else if ((*it)[4].length() == 0) {
      open.push_back((*it)[2].str());
    }
  }
  return at == xml.size() && open.empty();
}

}  // namespace

TEST_CASE("neap test: --reporter tap is TAP 14", "[test]") {
  const ProcessResult result = mixed().run({"--reporter", "tap"});
  CHECK(
      result.out.starts_with("TAP version 14\nok 1 - a_test.lua > a \\# group > good\n"
                             "not ok 2 - a_test.lua > a \\# group > bad <&> \"it\"\n  ---\n  message: |-\n    "));
  CHECK(has(result.out,
            "\n  at: \"a_test.lua:5\"\n  ...\n"
            "ok 3 - a_test.lua > a \\# group > multi line # SKIP why \\# not\n"
            "not ok 4 - b_test.lua\n"));
  CHECK(has(result.out, "\n1..4\n# 1 passed, 1 failed, 1 skipped, 1 file could not be run in "));
  CHECK(result.err == "printed\n");
  CHECK(result.status == 2);
}

TEST_CASE("neap test: TAP says when nothing was found and when it was interrupted", "[test]") {
  const Suite suite("test('x', function() end)");
  CHECK(has(suite.run({"--reporter=tap", "--filter=zzz"}).out, "TAP version 14\n1..0 # SKIP no tests\n"));
  const Suite waits("test('x', function() io.stderr:write('waiting') async.sleep(60) end)");
  ProcessOptions options;
  options.signals = {{2, "waiting"}};
  CHECK(has(waits.run({"--reporter=tap"}, options).out, "\nBail out! interrupted\n"));
}

TEST_CASE("neap test: --reporter junit is XML, whatever the names and messages", "[test]") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--reporter=junit"}, {"--reporter=junit", "--jobs=2"}}) {
    const ProcessResult result = mixed().run(arguments);
    INFO(result.out);
    CHECK(is_well_formed(result.out));
    CHECK(has(result.out,
              "<testsuites name=\"neap test\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\""));
    CHECK(has(result.out,
              "<testcase name=\"good\" classname=\"a_test.lua &gt; a # group\" file=\"a_test.lua\" line=\"4\" "));
    CHECK(has(result.out, "<testcase name=\"bad &lt;&amp;&gt; &quot;it&quot;\""));
    CHECK(has(result.out, "<failure message=\"a_test.lua:5: expected "));
    CHECK(has(result.out, "<skipped message=\"why # not\"/>"));
    CHECK(has(result.out, "<error message=\"b_test.lua:1: unexpected symbol"));
    CHECK(result.err == "printed\n");
  }
}
