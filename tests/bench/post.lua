-- What the bridge would send, as wrk sends it: a record of 1 KiB.
wrk.method = "POST"
wrk.body = '{"type":"order.created","note":"' .. string.rep("x", 990) .. '"}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["webhook-timestamp"] = "1700000000"
