// Connections at the limits of the system: no descriptor left, many of them, much data, nothing left behind.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;
using namespace std::literals;

namespace {

// The sanitizers' own memory, and what they keep of what was freed, says nothing of neap's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr const char* kStatus = "function status() return 0 end\n";
#else
constexpr const char* kStatus = R"lua(
    function status(name)
      for line in io.lines("/proc/self/status") do
        local kilobytes = line:match("^" .. name .. ":%s*(%d+)")
        if kilobytes then return tonumber(kilobytes) end
      end
      return 0
    end
)lua";
#endif

/// The script sees status(name), a size of /proc/self/status in kilobytes, and descriptors().
ProcessResult run_limited(const std::string& text, const std::string& limits = ":") {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", kStatus + R"lua(
    function descriptors() return #neap.fs.list("/proc/self/fd") end
)lua"s + text);
  return run({"/bin/sh", "-c", limits + "; exec \"$0\" \"$1\"", NEAP_BINARY, script}, {.limit = 120});
}

}  // namespace

TEST_CASE("net: a server without a descriptor reports it, waits and goes on", "[net]") {
  const ProcessResult result = run_limited(R"lua(
    local reported, polls = 0, 0
    async.get_running_loop():set_exception_handler(function(_, context)
      if context.exception.code == "EMFILE" then reported = reported + 1 end
    end)
    local server = async.start_server(function(r, w) w:write(r:readline()) end, "127.0.0.1", 0)
    local port, clients, held = server:address().port, {}, {}
    for i = 1, 8 do clients[i] = async.open_connection("127.0.0.1", port) end
    async.sleep(0.05)
    while true do
      local file = io.open("/dev/null")
      if file == nil then break end
      held[#held + 1] = file
    end
    held[#held]:close()
    clients[9] = async.open_connection("127.0.0.1", port)
    clients[9]:write("x\n")
    async.get_running_loop():add_instrument { before_poll = function() polls = polls + 1 end }
    while reported < 3 do async.sleep(0.01) end
    print(polls < 200)  -- without the pause there are thousands
    for _, file in ipairs(held) do io.type(file) if io.type(file) == "file" then file:close() end end
    print(clients[9]:read("l"))
    server:close()
    for _, client in ipairs(clients) do client:close() end
    server:wait_closed()
  )lua",
                                           "ulimit -n 64");
  CAPTURE(result.err);
  CHECK(result.out == "true\nx\n");
  CHECK(result.status == 0);
}

TEST_CASE("net: no descriptor for a connection is an OSError EMFILE", "[net]") {
  const ProcessResult result = run_limited(R"lua(
    local server <close> = async.start_server(function(r) r:read("a") end, "127.0.0.1", 0)
    local port, held = server:address().port, {}
    while true do
      local file = io.open("/dev/null")
      if file == nil then break end
      held[#held + 1] = file
    end
    for _, open in ipairs { async.open_connection, async.start_server, async.open_udp } do
      local ok, err = pcall(open, table.unpack(open == async.open_connection and { "127.0.0.1", port }
        or open == async.start_server and { print, "127.0.0.1", 0 } or {}))
      print(ok, err.code)
    end
  )lua",
                                           "ulimit -n 64");
  CAPTURE(result.err);
  CHECK(result.out == "false\tEMFILE\nfalse\tEMFILE\nfalse\tEMFILE\n");
}

TEST_CASE("net: a gibibyte to a slow reader leaves the memory as it was", "[net]") {
  const ProcessResult result = run_limited(R"lua(
    local total = 0
    local server = async.start_server(function(reader)
      for data in reader:lines(65536) do
        total = total + #data
        if total % 50 == 0 then async.sleep(0) end
      end
    end, "127.0.0.1", 0)
    local conn = async.open_connection("127.0.0.1", server:address().port)
    local chunk, before = ("x"):rep(1 << 18), status("VmHWM")
    for _ = 1, 4096 do conn:write(chunk) end
    conn:close()
    server:close()
    server:wait_closed()
    print(total, status("VmHWM") - before < 12000)
  )lua");
  CAPTURE(result.err);
  CHECK(result.out == "1073741824\ttrue\n");
}

TEST_CASE("net: thousands of idle connections, each in less than 4 KiB, and nothing left when they are closed",
          "[net]") {
  // A process of its own at the other end: its memory is not ours.
  const ScratchDirectory scratch;
  const std::string client = scratch.write("client.lua", R"lua(
    local conns = {}
    for i = 1, 8000 do conns[i] = async.open_connection("127.0.0.1", tonumber(arg[1])) end
    io.write("connected\n") io.flush()
    async.stdin:read("a")
  )lua");
  const ProcessResult result = run_limited(R"lua(
    local server = async.start_server(function(reader) reader:read(1) end, "127.0.0.1", 0)
    local port = server:address().port
    local warm = {}
    for i = 1, 50 do warm[i] = async.open_connection("127.0.0.1", port) end
    async.sleep(0.01)
    for _, conn in ipairs(warm) do conn:close() end
    warm = nil
    async.sleep(0.05)
    collectgarbage() collectgarbage()
    local open, before = descriptors(), status("VmRSS")
    local child = io.popen("exec ')lua" NEAP_BINARY R"lua(' )lua" +
                                               client + R"lua( " .. port .. " > /dev/null", "w")
    while server.active < 8000 do async.sleep(0.01) end
    collectgarbage() collectgarbage()
    print((status("VmRSS") - before) / 8000 < 4)
    child:close()
    while server.active > 0 do async.sleep(0.01) end
    async.sleep(0.05)
    print(descriptors() == open)
    server:close()
  )lua",
                                           "ulimit -n 9000 || exit 77");
  CAPTURE(result.err);
  if (result.status == 77) SKIP("this user may not open so many descriptors");
  CHECK(result.out == "true\ntrue\n");
}

TEST_CASE("net: closed connections whose peers have not ended hold a bounded number of descriptors", "[net]") {
  const ProcessResult result = run_limited(R"lua(
    local server = async.start_server(function(reader) reader:readline() end, "127.0.0.1", 0)
    local port, conns = server:address().port, {}
    for i = 1, 300 do
      conns[i] = async.open_connection("127.0.0.1", port)
      conns[i]:write("question\n", ("x"):rep(100000))
    end
    for i = 1, 300 do conns[i]:read(1) end   -- the end, or a reset by one that had to make room
    async.sleep(0)
    print(server.active, descriptors() > 400, descriptors() < 300 + 128 + 20)
    for i = 1, 300 do conns[i]:close() end
    while descriptors() > 20 do async.sleep(0.001) end
    server:close()
  )lua",
                                           "ulimit -n 700 || exit 77");
  CAPTURE(result.err);
  if (result.status == 77) SKIP("this user may not open so many descriptors");
  CHECK(result.out == "0\ttrue\ttrue\n");
  CHECK(result.status == 0);
}

TEST_CASE("net: a program that ends behind its answer does not lose it", "[net]") {
  const ScratchDirectory scratch;
  const std::string server = scratch.write("server.lua", R"lua(
    local server
    server = async.start_server(function(reader, writer)
      reader:readline()
      writer:write(("x"):rep(1 << 23))
      writer:close()
      server:close()
    end, "127.0.0.1", 0)
    print(server:address().port)
    io.stdout:flush()
    server:wait_closed()
  )lua");
  const ProcessResult result = run_limited(R"lua(
    local server = async.create_subprocess_exec(")lua" NEAP_BINARY R"lua(", ")lua" +
                                           server + R"lua(", { stdout = async.subprocess.PIPE })
    local conn = async.open_connection("127.0.0.1", server.stdout:read("n"))
    conn:write("question\n", ("x"):rep(100000))
    async.sleep(0.1)
    print(#conn:read("a") == 1 << 23)
    conn:close()
    print(server:wait())
  )lua");
  CAPTURE(result.err);
  CHECK(result.out == "true\n0\n");
}

TEST_CASE("net: an address that cannot be reached is an OSError that names it", "[net]") {
  // A network of the script's own, with no way out.
  const std::string own_network =
      "command -v ip >/dev/null && unshare -rn true 2>/dev/null || exit 77; "
      "exec unshare -rn /bin/sh -c 'ip link set lo up && ip route add unreachable 198.51.100.0/24 || exit 77; "
      "exec \"$0\" \"$1\"' \"$0\" \"$1\"";
  const ProcessResult result = run_limited(R"lua(
    for _, host in ipairs { "192.0.2.1", "198.51.100.1", "127.0.0.1" } do
      local ok, err = pcall(async.open_connection, host, 81)
      print(ok, err.code, err.syscall, err.address, err:is(async.OSError))
    end
    local udp <close> = async.open_udp { host = "0.0.0.0" }
    local ok, err = pcall(udp.send, udp, "x", "192.0.2.1", 81)
    print(ok, err.code, err.syscall, err.address)
    print(#async.open_handles())
  )lua",
                                           own_network);
  CAPTURE(result.err);
  if (result.status == 77) SKIP("this user may not have a network of its own");
  CHECK(result.out ==
        "false\tENETUNREACH\tconnect\t192.0.2.1:81\ttrue\n"
        "false\tEHOSTUNREACH\tconnect\t198.51.100.1:81\ttrue\n"
        "false\tECONNREFUSED\tconnect\t127.0.0.1:81\ttrue\n"
        "false\tENETUNREACH\tsendto\t192.0.2.1:81\n1\n");
}

TEST_CASE("net: ten thousand connections at once are all served", "[net]") {
  const ScratchDirectory scratch;
  const std::string client = scratch.write("client.lua", R"lua(
    local port, count = tonumber(arg[1]), 10000
    local barrier = async.Barrier(count)
    local queue = async.Semaphore(400)   -- one that finds the server's queue full is asked again after a second
    local group <close> = async.TaskGroup()
    for i = 1, count do
      group:spawn(function()
        queue:acquire()
        local conn <close> = async.open_connection("127.0.0.1", port)
        queue:release()
        barrier:wait()   -- all are open now
        conn:write(i, "\n")
        if conn:readline() ~= i .. "\n" then error("not the answer") end
      end)
    end
  )lua");
  const ProcessResult result = run_limited(R"lua(
    local most = 0
    local server = async.start_server(function(reader, writer)
      local line = reader:readline()
      most = most + 1
      writer:write(line)
    end, "127.0.0.1", 0)
    local done = async.subprocess.run({ ")lua" NEAP_BINARY R"lua(", ")lua" +
                                               client + R"lua(", tostring(server:address().port) })
    print(done.returncode, most)
    while server.active > 0 do async.sleep(0.001) end
    server:close()
  )lua",
                                           "ulimit -n 10100 || exit 77");
  CAPTURE(result.err);
  if (result.status == 77) SKIP("this user may not open so many descriptors");
  CHECK(result.out == "0\t10000\n");
  CHECK(result.status == 0);
}

TEST_CASE("net: whatever suspension is cancelled, every descriptor is closed", "[net]") {
  const ProcessResult result = run_limited(R"lua(
    async.get_running_loop():set_exception_handler(function() end)
    local function work()
      local group <close> = async.TaskGroup()
      group:spawn(function()
        local server <close> = async.start_server(function(reader, writer)
          for line in reader:lines("L") do writer:write(line, ("x"):rep(300000), "\n") end
        end, "localhost", 0, { grace = 0.2 })
        local conn <close> = async.open_connection("localhost", server:address().port, { timeout = 5 })
        conn:write("one\n")
        conn:readline()
        conn:readexactly(300001)
        conn:write("two\n"):write_eof()
        conn:read("a")
        local udp <close> = async.open_udp { host = "localhost" }
        udp:send("x", "localhost", udp:address().port)
        udp:receive()
      end)
    end
    work()
    local open, k, suspensions = descriptors(), 0, 0
    -- A step that does not end its task ends with a suspension: in the last run there were fewer than k.
    async.get_running_loop():add_instrument { after_step = function(step)
      if step.done and not step:done() then suspensions = suspensions + 1 end
    end }
    repeat
      k, suspensions = k + 1, 0
      async.catch(async.run, work, { cancel_at = k })
    until suspensions < k
    collectgarbage() collectgarbage()
    while descriptors() > open do async.sleep(0.001) end
    print(k > 8, #async.open_handles(), #async.all_tasks())
  )lua");
  CAPTURE(result.err);
  CHECK(result.out == "true\t0\t1\n");
  CHECK(result.status == 0);
}
