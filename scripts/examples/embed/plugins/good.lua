async.sleep(0.01)
answer("six times seven is " .. 6 * 7)
