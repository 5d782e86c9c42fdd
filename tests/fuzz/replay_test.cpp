// The fuzz targets without a fuzzer: the corpora, and random inputs that are the same in every run.
#include "tests/fuzz/target.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using namespace neap::internal::fuzz;

namespace {

namespace fs = std::filesystem;

/// As it could be written in a string of C.
std::string escaped(std::string_view input) {
  std::string text;
  for (const char c : input) {
    char buffer[8];
    if (std::isprint(static_cast<unsigned char>(c)) != 0 && c != '"' && c != '\\') {
      text += c;
    } else {
      std::snprintf(buffer, sizeof buffer, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
      text += buffer;
    }
  }
  return text;
}

void run(const Target& target, const std::string& input, const std::string& name) {
  try {
    target.run(input);
  } catch (const std::exception& failure) {
    FAIL(target.name << ", " << name << ": " << failure.what() << "\ninput: \"" << escaped(input) << "\"");
  }
}

void replay_corpus(const Target& target) {
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(fs::path(NEAP_SOURCE_DIR "/tests/fuzz/corpus") / target.name)) {
    files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  CHECK_FALSE(files.empty());
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    run(target, {std::istreambuf_iterator<char>(file), {}}, path.filename().string());
  }
}

class RandomInputs {
 public:
  RandomInputs(const Target& target, unsigned seed) : target_(target), random_(seed) {}

  std::string next() {
    std::string input(1, static_cast<char>(random_()));
    input += static_cast<char>(random_());
    if (below(2) == 0) input = std::string(2, '\0');
    for (std::size_t size = below(60); size > 0; --size) {
      if (target_.pieces.empty() || below(8) == 0) {
        input += static_cast<char>(random_());
      } else {
        input += target_.pieces[below(target_.pieces.size())];
      }
    }
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_()) % limit; }

  const Target& target_;
  std::minstd_rand random_;
};

void run_random(const Target& target, int count) {
  RandomInputs inputs(target, 20260711);
  for (int i = 0; i < count; ++i) run(target, inputs.next(), "random input " + std::to_string(i));
}

const Target& target_called(std::string_view name) {
  for (const Target& target : targets()) {
    if (target.name == name) return target;
  }
  throw std::logic_error("no such target");
}

/// NEAP_FUZZ_INPUTS: another number of random inputs for each.
int count_or(int count) {
  const char* wanted = std::getenv("NEAP_FUZZ_INPUTS");
  return wanted != nullptr ? std::atoi(wanted) : count;
}

void replay(std::string_view name, int count) {
  const Target& target = target_called(name);
  struct Release {  // descriptors, which other tests count
    ~Release() { release_kept(); }
  } release;
  replay_corpus(target);
  run_random(target, count_or(count));
}

}  // namespace

TEST_CASE("fuzz: the corpus and random command lines", "[fuzz]") { replay("arguments", 10000); }

TEST_CASE("fuzz: the corpus and random bytes for the line editor", "[fuzz]") { replay("editor", 3000); }

TEST_CASE("fuzz: the corpus and random texts for what reads programs, entries and pages", "[fuzz]") {
  replay("loader", 4000);
}

TEST_CASE("fuzz: the corpus and random values for the copier", "[fuzz]") { replay("copy", 4000); }

TEST_CASE("fuzz: the corpus and random programs of tasks, against the model", "[fuzz]") { replay("schedule", 2000); }
