"""A headless Chromium through its debugging pipe, to see a page as a reader does.

browser.py PAGE PROFILE [FOLDER]: opens the file, with a folder for what Chromium writes, at 400 and 1400 pixels, in light and dark; each time it
must fit the window's width, ask for nothing and say nothing on the console. With FOLDER it leaves
screenshots there."""
import base64
import json
import os
import pathlib
import select
import subprocess
import sys

FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
         "--disable-background-networking --disable-component-update --disable-sync "
         "--remote-debugging-pipe").split()
PATIENCE_S = 60


class Browser:
    """Messages are JSON, each ended by a zero byte: the browser reads descriptor 3, writes 4."""

    def __init__(self, profile):
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()
        self.rest, self.number, self.session, self.events = b"", 0, None, []
        command = ["sh", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_browser, from_browser), "sh",
                   "chromium", *FLAGS, "--user-data-dir=" + profile]
        self.process = subprocess.Popen(command, pass_fds=(to_browser, from_browser),
                                        stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)

    def receive(self):
        while b"\0" not in self.rest:
            if not select.select([self.read], [], [], PATIENCE_S)[0]:
                sys.exit("the browser says nothing")
            data = os.read(self.read, 1 << 16)
            if not data:
                sys.exit("the browser is gone")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def open_tab(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression)["result"]["value"]

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def look(browser, url, width, scheme, picture):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=False)
    browser.call("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.call("Page.navigate", url=url)
    browser.wait_for("Page.loadEventFired")
    where = "%d pixels, %s" % (width, scheme)
    wanted, shown = browser.evaluate("document.documentElement.scrollWidth"), browser.evaluate("innerWidth")
    assert shown == width, (where, shown)
    assert wanted <= shown, "%s: %d pixels wide" % (where, wanted)
    asked = [event["params"]["request"]["url"] for event in browser.events
             if event.get("method") == "Network.requestWillBeSent"]
    assert asked == [url], (where, asked)
    said = [event["params"] for event in browser.events
            if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled",
                                       "Runtime.exceptionThrown")]
    assert not said, (where, said)
    if picture:
        height = browser.evaluate("document.documentElement.scrollHeight")
        shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        picture.write_bytes(base64.b64decode(shot["data"]))
    return browser.evaluate("getComputedStyle(document.body).backgroundColor")


def main(page, profile, folder=None):
    browser = Browser(profile)
    try:
        browser.open_tab()
        for width in (400, 1400):
            papers = [look(browser, pathlib.Path(page).resolve().as_uri(), width, scheme,
                           folder and pathlib.Path(folder, "%d-%s.png" % (width, scheme)))
                      for scheme in ("light", "dark")]
            assert papers[0] != papers[1], "dark is as light as light"
    finally:
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
