#!/usr/bin/env python3
"""A small receiver of webhooks: verifies each delivery by the rules of Standard Webhooks, and prints it.

    WAYBILL_SECRET=whsec_… examples/live/receiver.py                    # listens on 127.0.0.2:9000
    WAYBILL_SECRET=whsec_… examples/live/receiver.py 127.0.0.2:9001     # or where you say
"""
import base64, hashlib, hmac, http.server, json, os, sys, time

ADDRESS, PORT = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.2:9000").rsplit(":", 1)
KEY = base64.b64decode(os.environ["WAYBILL_SECRET"].removeprefix("whsec_"))


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        signatures = self.headers["webhook-signature"].split()
        is_right = any(hmac.compare_digest(wanted, signature) for signature in signatures)
        is_new = abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        self.send_response(204 if is_right and is_new else 400)
        self.end_headers()
        if is_right and is_new:
            event = json.loads(body)
            lot = event["data"].get("lot", {})
            told = [event["position"], event["type"], event["subject"], lot.get("state", ""),
                    lot.get("awaits", "")]
            sys.stdout.write(" ".join(map(str, told)).strip() + "\n")
            sys.stdout.flush()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer((ADDRESS, int(PORT)), Receiver).serve_forever()
