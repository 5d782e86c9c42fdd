// Directories: the scans that list, walk and glob are made of, each in its Lua file.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/entries.hpp"
#include "stdlib/fs/module.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

namespace neap::internal::stdlib::fs {

namespace {

constexpr UserdataType kListingType{"fs.Listing"};

struct Entry {
  std::string name;
  mode_t type = 0;                      // S_IFREG, ...
  std::unique_ptr<struct stat> status;  // when it was asked for
};

struct ScanOptions {
  bool types = false;   // make sure that types are known
  bool status = false;  // stat each entry
  bool follow = false;  // say of a symbolic link what it leads to
};

/// What was found in one directory, in the order of the names' bytes.
struct Listing {
  std::string path;  // ends with a slash
  std::vector<Entry> entries;
  std::size_t next = 0;
  ScanOptions options;
  dev_t device = 0;
  ino_t inode = 0;
};

mode_t type_of(const dirent& entry) { return static_cast<mode_t>(DTTOIF(entry.d_type)); }

class ScanJob final : public FsJob {
 public:
  ScanJob(std::string path, const ScanOptions& options) : FsJob(std::move(path)) { listing_.options = options; }

 private:
  Failure run() override {
    Descriptor directory;
    if (const Failure reason = directory.open(c_path(), O_RDONLY | O_DIRECTORY, *this)) return reason;
    listing_.device = directory.status().st_dev;
    listing_.inode = directory.status().st_ino;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), ::closedir);
    if (!stream) return failure("opendir");
    directory.release();  // the stream's now
    listing_.path = path();
    if (listing_.path.back() != '/') listing_.path += '/';
    if (const Failure reason = read_entries(stream.get())) return reason;
    std::sort(listing_.entries.begin(), listing_.entries.end(),
              [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return {};
  }

  Failure read_entries(DIR* stream) {
    for (;;) {
      if (must_stop()) return {ECANCELED, "readdir"};
      errno = 0;
      const dirent* found = ::readdir(stream);
      if (found == nullptr) return errno == 0 ? Failure{} : failure("readdir");
      if (std::strcmp(found->d_name, ".") == 0 || std::strcmp(found->d_name, "..") == 0) continue;
      Entry entry{found->d_name, type_of(*found), nullptr};
      if (look(::dirfd(stream), entry)) listing_.entries.push_back(std::move(entry));
    }
  }

  /// Finds out what readdir has not told. False when the entry has gone meanwhile.
  bool look(int directory, Entry& entry) {
    const ScanOptions& options = listing_.options;
    const bool follows = options.follow && (entry.type == S_IFLNK || entry.type == 0);
    const bool unknown = options.types && entry.type == 0;
    if (!options.status && !follows && !unknown) return true;
    const char* name = entry.name.c_str();
    struct stat status {};
    int result = options.follow ? stat_followed(directory, name, &status)
                                : ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW);
    // A link that leads nowhere, or out of what the sandbox lets read, is itself.
    if (result != 0 && options.follow) result = ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW);
    if (result != 0 && errno == ENOENT) return false;
    if (result != 0) status.st_mode = entry.type;  // a directory that can be listed and not be entered
    entry.type = status.st_mode & S_IFMT;
    if (options.status) entry.status = std::make_unique<struct stat>(status);
    return true;
  }

  static int stat_followed(int directory, const char* name, struct stat* status) {
    if (confinement() == nullptr) return ::fstatat(directory, name, status, 0);
    Reach reach;
    const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
    return reach.object(path.c_str(), kToRead) != 0 ? -1 : ::stat(reach.path(), status);
  }

  /// The listing goes to the script as a userdata: its entries become values one by one. Nothing may fail between what
  /// it takes over and its type, which frees it.
  int results(lua_State* L) override {
    new (lua_newuserdatauv(L, sizeof(Listing), 0)) Listing(std::move(listing_));
    set_type(L, kListingType);
    return 1;
  }

  Listing listing_;
};

Listing& check_listing(lua_State* L) {
  if (void* listing = to_userdata(L, 1, kListingType)) return *static_cast<Listing*>(listing);
  raise(L, ErrorKind::type, "argument 1 must be a Listing, got %s", type_name(L, 1));
}

constexpr WaitKind kList = offload_wait("fs.list");
constexpr WaitKind kWalk = offload_wait("fs.walk");
constexpr WaitKind kGlob = offload_wait("fs.glob");

/// check_list(path, {types=}): types.
int check_list(lua_State* L) {
  check_path(L, 1, kList.name);
  check_options(L, 2, kList.name, {"types"});
  lua_pushboolean(L, flag_option(L, 2, kList.name, "types", false));
  return 1;
}

/// Raises unless the option is a function or not there.
void check_onerror(lua_State* L, const char* function) {
  if (!lua_istable(L, 2)) return lua_pushnil(L);
  lua_getfield(L, 2, "onerror");
  if (!lua_isnil(L, -1) && !lua_isfunction(L, -1)) {
    raise(L, ErrorKind::type, "option 'onerror' of %s must be a function, got %s", function, type_name(L, -1));
  }
}

/// check_glob(pattern, {cwd=, hidden=, onerror=})
int check_glob(lua_State* L) {
  check_path(L, 1, kGlob.name, "pattern");
  check_options(L, 2, kGlob.name, {"cwd", "hidden", "onerror"});
  string_option(L, 2, kGlob.name, "cwd", "");
  flag_option(L, 2, kGlob.name, "hidden", false);
  check_onerror(L, kGlob.name);
  return 0;
}

/// check_walk(path, options): follow, stat, onerror.
int check_walk(lua_State* L) {
  check_path(L, 1, kWalk.name);
  check_options(L, 2, kWalk.name, {"follow", "stat", "onerror"});
  lua_settop(L, 2);
  lua_pushboolean(L, flag_option(L, 2, kWalk.name, "follow", false));
  lua_pushboolean(L, flag_option(L, 2, kWalk.name, "stat", false));
  check_onerror(L, kWalk.name);
  return 3;
}

/// scan(path, follow, stat): a Listing.
int scan(lua_State* L) {
  const char* path = check_path(L, 1, kWalk.name);
  ScanOptions options;
  options.types = true;
  options.follow = lua_toboolean(L, 2) != 0;
  options.status = lua_toboolean(L, 3) != 0;
  return run_job<ScanJob>(L, kWalk, 0, path, options);
}

/// scan_list(path, types): a Listing.
int scan_list(lua_State* L) {
  const char* path = check_path(L, 1, kList.name);
  ScanOptions options;
  options.types = lua_toboolean(L, 2) != 0;
  return run_job<ScanJob>(L, kList, 0, path, options);
}

/// scan_glob(path): a Listing.
int scan_glob(lua_State* L) {
  ScanOptions options;
  options.types = true;
  return run_job<ScanJob>(L, kGlob, 0, check_path(L, 1, kGlob.name), options);
}

int pause_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return 0;
}

/// pause(): lets others run.
int pause(lua_State* L) { return park_ready(L, check_can_wait(L, kList.name), pause_resumed); }

/// listing:table(): one with room for all entries.
int listing_table(lua_State* L) {
  const std::size_t size = check_listing(L).entries.size();
  lua_createtable(L, static_cast<int>(std::min<std::size_t>(size, 1U << 24U)), 0);
  return 1;
}

/// listing:fill(list, count, types): adds at most so many entries to the list; true when there are more.
int listing_fill(lua_State* L) {
  Listing& listing = check_listing(L);
  const bool types = lua_toboolean(L, 4) != 0;
  const std::size_t last =
      std::min(listing.entries.size(), listing.next + static_cast<std::size_t>(lua_tointeger(L, 3)));
  lua_settop(L, 2);
  while (listing.next != last) {
    Entry& entry = listing.entries[listing.next];
    if (types) lua_createtable(L, 0, 2);
    push(L, entry.name);
    if (types) {
      lua_setfield(L, -2, "name");
      lua_pushstring(L, file_type_name(entry.type));
      lua_setfield(L, -2, "type");
    }
    lua_rawseti(L, -2, static_cast<lua_Integer>(++listing.next));
    std::string().swap(entry.name);  // so that no long pause comes when all of them are freed
  }
  lua_pushboolean(L, listing.next != listing.entries.size());
  return 1;
}

/// listing:take(): the name and the type of the next entry; nothing after the last.
int listing_take(lua_State* L) {
  Listing& listing = check_listing(L);
  if (listing.next == listing.entries.size()) return 0;
  const Entry& entry = listing.entries[listing.next++];
  push(L, entry.name);
  lua_pushstring(L, file_type_name(entry.type));
  return 2;
}

/// listing:next(): the path and the table of the next entry; nothing after the last.
int listing_next(lua_State* L) {
  Listing& listing = check_listing(L);
  if (listing.next == listing.entries.size()) return 0;
  const Entry& entry = listing.entries[listing.next++];
  push(L, listing.path);
  push(L, entry.name);
  lua_concat(L, 2);
  lua_createtable(L, 0, listing.options.status ? kStatusFields + 1 : 2);
  push(L, entry.name);
  lua_setfield(L, -2, "name");
  if (entry.status) {
    set_status_fields(L, *entry.status);
  } else {
    lua_pushstring(L, file_type_name(entry.type));
    lua_setfield(L, -2, "type");
  }
  return 2;
}

/// listing:id(): a string that no other directory has.
int listing_id(lua_State* L) {
  const Listing& listing = check_listing(L);
  lua_pushfstring(L, "%I:%I", static_cast<lua_Integer>(listing.device), static_cast<lua_Integer>(listing.inode));
  return 1;
}

int listing_gc(lua_State* L) {
  check_listing(L).~Listing();
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  return 0;
}

}  // namespace

void add_listing(lua_State* L) {
  new_type(L, kListingType);
  static const luaL_Reg kMethods[] = {
      {"table", bound<listing_table>}, {"fill", bound<listing_fill>}, {"take", bound<listing_take>},
      {"next", bound<listing_next>},   {"id", bound<listing_id>},     {"__gc", bound<listing_gc>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {
      {"check_list", bound<check_list>}, {"check_walk", bound<check_walk>},
      {"check_glob", bound<check_glob>}, {"scan", bound<scan>},
      {"scan_list", bound<scan_list>},   {"scan_glob", bound<scan_glob>},
      {"pause", bound<pause>},
  };
  set_functions(L, kFunctions);
  push_error_class(L, ErrorKind::value);
  lua_setfield(L, -2, "ValueError");
}

}  // namespace neap::internal::stdlib::fs
