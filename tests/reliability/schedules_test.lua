-- Each conformance test in some orders, with cancellations; see schedules.lua. ./dev schedules does
-- it in 10,000 orders. NEAP_SCHEDULES: how many orders; NEAP_SCHEDULES_TEST=C4: of one test.
local here = debug.getinfo(1, "S").source:match("^@(.*/)")
local schedules = dofile(here .. "schedules.lua")

local wanted = os.getenv("NEAP_SCHEDULES")
local orders = math.tointeger(tonumber(wanted or 20))
local only = os.getenv("NEAP_SCHEDULES_TEST")

local function describe(count)
  local parts = {}
  for kind, number in pairs(count) do parts[#parts + 1] = ("%s %d"):format(kind, number) end
  table.sort(parts)
  return table.concat(parts, ", ")
end

for _, name in ipairs { "suspension", "waiters", "cancellation", "groups", "generators", "contract" } do
  test(name .. " tests in seeded orders, and with cancellations at their suspensions", { clock = "real" }, function()
    local tests = schedules.tests_of(here .. "../conformance/" .. name .. "_test.lua", only)
    local count = schedules.explore(tests, orders, wanted ~= nil)
    if wanted then
      print(("%s: %d tests, %d orders: %s"):format(name, #tests, orders, describe(count)))
    else
      check(count.runs > 20 * #tests and (count.cancelled or 0) > 100, "too little was run: " .. describe(count))
    end
  end)
end
