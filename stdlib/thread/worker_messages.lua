-- What both ends of a Worker's messages can do: `out` is the channel to the other, `inbox` that from it.

-- add_messages(End): adds the methods.
return function(End)
  -- send(value): waits while 64 messages have not been received. QueueShutDown when the other does not receive any
  -- more.
  function End:send(value)
    return self.out:send(value)
  end

  -- try_send(value): false when it would wait.
  function End:try_send(value)
    return self.out:try_send(value)
  end

  -- receive(): waits for a message; the message and true, or nil and false when no more will come.
  function End:receive()
    return self.inbox:receive()
  end

  -- try_receive(): nothing when it would wait.
  function End:try_receive()
    return self.inbox:try_receive()
  end

  -- for message in worker do ... end
  function End:__call()
    return self.inbox()
  end
end
