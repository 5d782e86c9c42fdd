-- No value is lost or comes twice, each comes when it is its turn, and nobody waits for what is there.
local storm, items = support "storm", support "items"

local function scenario(closes)
  return function(world)
    local capacity = math.random(0, 3)
    local channel = async.Channel(capacity)
    local inside = items(function(a, b) return a.woken < b.woken end)
    local send_line, receive_line = world:line("send"), world:line("receive")
    local sent, received, closed = 0, 0, false
    local close_at = closes and math.random(world.operations * 3 // 4, world.operations)
    local nothing = {} -- raised by a call that gives up

    -- True and the results, or false when the call has given up.
    local function call(line, ticket, fn, ...)
      local ok, passed, value, more = async.catch(world.call, world, line, ticket, fn, ...)
      if ok then return passed, value, more end
      if passed == nothing or closed and async.is(passed, async.QueueShutDown) then return false end
      return false, nil, nil, passed
    end

    local ways_to_send = {
      channel.send, channel.send,
      function(_, item) if not channel:try_send(item) then error(nothing, 0) end end,
      function(_, item)
        local which = async.select { async.on_timeout(math.random(0, 4) * 0.25), channel:on_send(item) }
        if which == 1 then error(nothing, 0) end
      end,
    }

    local ways_to_receive = {
      channel.receive, channel.receive,
      function()
        local results = table.pack(channel:try_receive())
        if results.n == 0 then error(nothing, 0) end
        return results[1], results[2]
      end,
      function()
        local which, value, ok = async.select { channel:on_receive(), async.on_timeout(math.random(0, 4) * 0.25) }
        if which == 2 then error(nothing, 0) end
        return value, ok
      end,
    }

    local function send()
      local item = { on_woken = function(item) inside:add(item) end }
      local was_closed = closed
      local passed, _, _, err = call(send_line, item, ways_to_send[math.random(4)], channel, item)
      if passed then
        check(not was_closed, "sent on a closed channel")
        inside:confirm(item)
        sent = sent + 1
      else
        inside:withdraw(item)
        if err then error(err, 0) end
      end
    end

    local function receive()
      local passed, item, ok, err = call(receive_line, {}, ways_to_receive[math.random(4)], channel)
      if err then error(err, 0) end
      if not passed then return end
      if not ok then return check(closed and item == nil, "nothing was received, and the channel is open") end
      received = received + 1
      inside:take(item, true)
      world:cancel_somebody()
    end

    local function close()
      closed = true
      world:cancel_somebody()
      channel:close()
      world:cancel_somebody()
    end

    return {
      step = function()
        if close_at and not closed and world.steps >= close_at then return close() end
        if math.random() < 0.5 then send() else receive() end
      end,
      quiet = function()
        local senders, receivers = send_line:waiting(), receive_line:waiting()
        check(receivers == 0 or #inside == 0 and senders == 0, "there are values, and tasks wait for one")
        check(senders == 0 or #inside >= capacity, "there is room, and tasks wait for it")
        check(not closed or senders + receivers == 0, "closed, and tasks wait")
        equal(tostring(channel), ("<Channel size=%d/%d receivers=%d senders=%d%s>"):format(#inside,
          capacity, receivers, senders, closed and " closed" or ""))
      end,
      nudge = function()
        if send_line:waiting() > 0 then
          local item = channel:try_receive()
          received = received + 1
          inside:take(item, true)
        elseif receive_line:waiting() > 0 then
          world.time = world.time + 1
          local item = { woken = world.time }
          check(channel:try_send(item))
          sent = sent + 1
          inside:confirm(item)
        end
      end,
      finish = function()
        send_line:check_order()
        receive_line:check_order()
        while #channel > 0 do
          inside:take((channel:try_receive()))
          received = received + 1
        end
        equal({ received, #inside }, { sent, 0 })
        return received
      end,
    }
  end
end

storm.tests("Channel", scenario(false), { storms = 10 })
storm.tests("Channel that is closed", scenario(true), { storms = 50, workers = 10, operations = 25000 })
