-- Sends the request that the environment describes, and reports as one line of JSON.
wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")

local sandboxes = tonumber(os.getenv("BENCH_SANDBOXES"))
if sandboxes > 0 then
  local texts, turn = {}, 0

  function init(args)
    for number = 1, sandboxes do
      wrk.headers["X-Mock-Sandbox"] = "team-" .. number
      texts[number] = wrk.format()
    end
  end

  function request()
    turn = turn % sandboxes + 1
    return texts[turn]
  end
end

function done(summary)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "failed": %d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout
  ))
end
