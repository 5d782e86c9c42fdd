-- shield: cancelling who waits does not cancel what it waits for.
-- Use it for what must not be left half done, although nobody may wait for it any more: a payment,
-- a write. Keep the task and wait for it somewhere, or the end of the program cancels it after all.
-- asyncio: shield(x).
local loop = async.get_running_loop()
local begun = loop:time()
local function say(text) print(("%.1f s: %s"):format(loop:time() - begun, text)) end

local function pay(amount)
  async.sleep(0.4)
  say("paid " .. amount)
  return "receipt for " .. amount
end

-- Without it: the request passes from the waiter to what it awaits.
local payment = async.spawn(pay, 10)
local handler = async.spawn(function() return await(payment) end)
async.sleep(0.2)
handler:cancel()
async.wait { handler }
say("payment cancelled: " .. tostring(payment:cancelled()))

-- With it the payment goes on, and somebody else can have its result.
payment = async.spawn(pay, 20)
handler = async.spawn(function() return async.shield(payment) end)
async.sleep(0.2)
handler:cancel()
async.wait { handler }
say("handler cancelled: " .. tostring(handler:cancelled()))
say(await(payment))

-- To be cancelled only when it is done: wait for it to the end, then let the request go on.
local function finish_first(task)
  local ok, err = async.catch(async.shield, task)
  if ok then return err end
  if async.is(err, async.CancelledError) then
    say("asked to stop; finishing first")
    async.wait { task }
  end
  error(err, 0)
end

handler = async.spawn(function() return finish_first(async.spawn(pay, 30)) end)
async.sleep(0.2)
handler:cancel()
async.wait { handler }
say("handler cancelled: " .. tostring(handler:cancelled()))

--[[ prints:
0.2 s: payment cancelled: true
0.4 s: handler cancelled: true
0.6 s: paid 20
0.6 s: receipt for 20
0.8 s: asked to stop; finishing first
1.0 s: paid 30
1.0 s: handler cancelled: true
]]
