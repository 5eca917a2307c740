"""The small program over each task; standard library only, and as little of that as will do.

It outlives the server. The server gives it its orders once, on standard input; from then on they speak by files:
`started` and `exit` in the task's folder, `end.json` beside it, and a bell (a FIFO) that wakes the server.
"""
