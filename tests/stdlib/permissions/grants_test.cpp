// What is granted: matching values, and the common part of two.
#include "stdlib/permissions/grants.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal;

namespace {

Grant granted(Permission kind, const std::vector<std::string>& values) {
  Grants grants;
  for (const std::string& value : values) REQUIRE(add_grant(grants, kind, value).empty());
  return grants.of(kind);
}

bool allows(Permission kind, const std::string& value, const std::string& wanted) {
  return grants_value(granted(kind, {value}), kind, wanted);
}

std::vector<std::string> common(Permission kind, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  Grants one;
  Grants other;
  one.of(kind) = granted(kind, a);
  other.of(kind) = granted(kind, b);
  return common_part(one, other).of(kind).values;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a path is granted with all that is below it, and nothing beside it", "[permissions]") {
  CHECK(allows(Permission::read, "/a/b", "/a/b"));
  CHECK(allows(Permission::read, "/a/b/", "/a/b/c/d"));
  CHECK_FALSE(allows(Permission::read, "/a/b", "/a/bc"));
  CHECK_FALSE(allows(Permission::read, "/a/b", "/a"));
  CHECK(allows(Permission::read, "/", "/a"));
  CHECK(allows(Permission::read, "/x/../a/./b", "/a/b/c"));
}

TEST_CASE("the doors of the system are granted by name alone", "[permissions]") {
  const Grant all{.all = true, .values = {}};
  for (const char* path : {"/proc/self/mem", "/sys/x", "/dev/tty", "/dev"}) {
    CHECK_FALSE(allows(Permission::write, "/", path));
    CHECK_FALSE(grants_value(all, Permission::write, path));
  }
  CHECK(grants_value(all, Permission::write, "/dev/null"));
  CHECK(grants_value(all, Permission::write, "/device"));
  CHECK(allows(Permission::read, "/proc/sys", "/proc/sys/kernel"));
  CHECK(allows(Permission::read, "/dev", "/dev/tty"));
}

TEST_CASE("a host is granted with one port or all", "[permissions]") {
  CHECK(allows(Permission::net, "host", "host:1"));
  CHECK(allows(Permission::net, "host:80", "host:80"));
  CHECK_FALSE(allows(Permission::net, "host:80", "host:81"));
  CHECK_FALSE(allows(Permission::net, "host", "other:80"));
  CHECK(allows(Permission::net, ":80", "other:80"));
  CHECK_FALSE(allows(Permission::net, ":80", "other:8080"));
  CHECK(allows(Permission::net, "Host.", net_value("hOST", 1)));
}

TEST_CASE("IPv6 addresses are granted with or without brackets and port", "[permissions]") {
  CHECK(allows(Permission::net, "::1", net_value("::1", 80)));
  CHECK(allows(Permission::net, "[::1]", net_value("::1", 80)));
  CHECK(allows(Permission::net, "[::1]:80", net_value("::1", 80)));
  CHECK_FALSE(allows(Permission::net, "[::1]:80", net_value("::1", 81)));
  CHECK_FALSE(allows(Permission::net, "[::1]:80", net_value("::2", 80)));
}

TEST_CASE("a star is every name below, and not the name itself", "[permissions]") {
  CHECK(allows(Permission::net, "*.example.org", "a.b.example.org:1"));
  CHECK_FALSE(allows(Permission::net, "*.example.org", "example.org:1"));
  CHECK_FALSE(allows(Permission::net, "*.example.org", "evilexample.org:1"));
  CHECK(grants_host(granted(Permission::net, {"*.example.org:443"}), "A.example.org"));
  CHECK_FALSE(grants_host(granted(Permission::net, {"host:443"}), "other"));
}

TEST_CASE("variables are granted by name or beginning", "[permissions]") {
  CHECK(allows(Permission::env, "A", "A"));
  CHECK_FALSE(allows(Permission::env, "A", "AB"));
  CHECK(allows(Permission::env, "A*", "AB"));
  CHECK(allows(Permission::env, "*", "AB"));
  CHECK_FALSE(allows(Permission::env, "A*", "BA"));
}

TEST_CASE("a program is granted as the file that PATH leads to", "[permissions]") {
  CHECK(find_program("sh") == find_program("/bin/sh"));
  CHECK(allows(Permission::run, "sh", find_program("/bin/sh")));
  CHECK(find_program("no-such-program").empty());
  CHECK(find_program("").empty());
}

TEST_CASE("the common part is what both grant, the narrower of each pair", "[permissions]") {
  CHECK(common(Permission::read, {"/a"}, {"/a/b", "/c"}) == List{"/a/b"});
  CHECK(common(Permission::read, {"/a/b"}, {"/a"}) == List{"/a/b"});
  CHECK(common(Permission::read, {"/a"}, {"/b"}).empty());
  CHECK(common(Permission::read, {"/"}, {"/proc"}).empty());
  CHECK(common(Permission::net, {"host"}, {":80"}) == List{"host:80"});
  CHECK(common(Permission::net, {"*.org:1"}, {"a.org"}) == List{"a.org:1"});
  CHECK(common(Permission::net, {"host:1"}, {"host:2"}).empty());
  CHECK(common(Permission::env, {"A*"}, {"AB", "C"}) == List{"AB"});
}

TEST_CASE("all and something is something, and all is taken for both", "[permissions]") {
  Grants all;
  for (Grant& grant : all.grants) grant.all = true;
  Grants some;
  REQUIRE(add_grant(some, Permission::env, "A").empty());
  CHECK(common_part(all, some).of(Permission::env).values == List{"A"});
  CHECK(common_part(some, all).of(Permission::env).values == List{"A"});
  CHECK(common_part(all, some).of(Permission::net).none());
  CHECK(common_part(all, all).of(Permission::net).all);
}
