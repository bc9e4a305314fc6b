"""The Test Anything Protocol for scripts in Python."""

import sys


class Tap:
    """Prints one line a check; finish() is the program's exit status."""

    def __init__(self):
        self.checked = self.failed = 0

    def ok(self, passed, name, *remarks):
        """The remarks, texts, are shown if it has not passed."""
        self.checked += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.checked} - {name}")
        if not passed:
            for remark in remarks:
                self.diag(remark)
        sys.stdout.flush()
        return passed

    def same(self, got, want, name):
        return self.ok(got == want, name, f"got:  {got!r}", f"want: {want!r}")

    def skip(self, name, why):
        self.checked += 1
        print(f"ok {self.checked} - {name} # SKIP {why}", flush=True)

    def diag(self, text):
        print("".join(f"# {line}\n" for line in str(text).splitlines()), end="", flush=True)

    def finish(self):
        print(f"1..{self.checked}", flush=True)
        return 1 if self.failed else 0
