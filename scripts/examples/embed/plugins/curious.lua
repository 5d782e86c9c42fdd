-- Wants a file of yours.
answer(io.open("/etc/passwd"):read("a"))
