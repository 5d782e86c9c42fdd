-- The thread module: work beside the loop, in parallel. Scripts know its functions as `async.NAME`, and
-- `loop:run_in_executor`.
local core, use = ...

local executor = use("executor")

return {
  cpu_count = core.cpu_count,
  to_thread = executor.to_thread,
  run_in_executor = executor.run_in_executor,
  thread_channel = core.thread_channel,
  Worker = use("worker").Worker,
  ThreadPoolExecutor = executor.ThreadPoolExecutor,
}
