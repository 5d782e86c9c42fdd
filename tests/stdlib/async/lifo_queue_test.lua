test("the latest item comes first", function()
  local queue = async.LifoQueue()
  for _, item in ipairs { 1, "two", 3.5 } do queue:put(item) end
  queue:put(nil)
  equal(queue:get(), nil)
  queue:put(false)
  equal({ queue:get(), queue:get(), queue:get(), queue:get() }, { false, 3.5, "two", 1 })
  check(queue:empty())
end)

test("two getters that were promised items get the latest when they run", function()
  local queue, got = async.LifoQueue(), {}
  local function get(name) got[name] = queue:get() end
  local a, b = async.spawn(get, "a"), async.spawn(get, "b")
  async.sleep(0)
  for i = 1, 3 do queue:put(i) end
  async.gather(a, b)
  equal({ got, queue:qsize() }, { { a = 3, b = 2 }, 1 })
end)

for seed = 1, 3 do
  test("at random, what comes out is the latest, seed " .. seed, function()
    local queue, model, puts = async.LifoQueue(), {}, 0
    churn(seed, 20, 350, function()
      async.sleep(math.random(0, 3) * 0.25)
      if math.random() < 0.5 then
        puts = puts + 1
        model[#model + 1] = puts
        queue:put(puts)
      else
        local got, item = true, nil
        if math.random() < 0.5 then
          got, item = async.move_on_after(math.random(0, 2) * 0.25, queue.get, queue)
        else
          item = queue:get()
        end
        if got then equal(item, table.remove(model)) end
      end
    end)
    equal(queue:qsize(), #model)
    while #model > 0 do equal(queue:get_nowait(), table.remove(model)) end
    check(queue:empty() and puts > 1000)
  end)
end

test("after an immediate shutdown a getter that was promised an item has the latest", function()
  local queue = async.LifoQueue()
  local getter = async.spawn(queue.get, queue)
  async.sleep(0)
  for i = 1, 5 do queue:put_nowait(i) end
  queue:shutdown(true)
  equal({ queue:qsize(), await(getter) }, { 1, 5 })
end)
