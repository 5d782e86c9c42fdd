-- The words of an error, whether it is an error object or anything else that was raised.
return function(err)
  return async.is(err, async.Error) and err.message or tostring(err)
end
