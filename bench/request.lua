-- Sends the request that the environment describes, and reports as one line of JSON.
wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")

function done(summary)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "failed": %d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout
  ))
end
