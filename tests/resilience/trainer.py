"""Starting, watching and killing real training runs, for the fault tests."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

PROGRAM = os.environ["MNIST_DIST"]
MPIRUN = os.environ.get("MPIRUN", "mpirun")

# A run of 36 steps over 3 epochs. Rank 0 sleeps 50 ms a step when SLOW is added, so that there is time
# to hit it.
RECIPE = ["--data", "synthetic:1200", "--epochs", "3", "--batch-size", "100",
          "--set", "checkpoint.every_steps=3", "--set", "distributed.stall_timeout=4"]
SLOW = ["--inject", "slow@0:1"]


class Place:
    """A folder for one run, with Open MPI's own files inside, since a killed mpirun leaves them."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="md_faults_")
        self.output = os.path.join(self.path, "run")
        self.environment = dict(
            os.environ,
            TMPDIR=self.path, OMPI_MCA_btl_vader_backing_directory=self.path)

    def command(self, ranks, options, resume):
        line = [MPIRUN, "-np", str(ranks), PROGRAM, "train", "--quiet", "--output", self.output]
        return line + RECIPE + options + (["--resume"] if resume else [])

    def run(self, command):
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    def start(self, ranks, options, resume=False):
        return self.run(self.command(ranks, options, resume))

    def go_on(self, ranks):
        """The resume that the messages tell of, with nothing but what the run itself knows."""
        return self.run([MPIRUN, "-np", str(ranks), PROGRAM, "train", "--quiet", "--resume",
                         "--output", self.output])

    def wait_for_save(self, process, seconds=60):
        """Until then a run need not have come to its handlers, nor to its folder's lock."""
        until = time.monotonic() + seconds
        while not os.path.exists(os.path.join(self.output, "last.h5")):
            assert process.poll() is None and time.monotonic() < until, "no save came about"
            time.sleep(0.01)

    def verify(self, name="last.h5"):
        """The program's own verdict over a file, as (exit code, text)."""
        done = subprocess.run([PROGRAM, "verify", os.path.join(self.output, name)],
                              env=self.environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def verify_saved(self):
        """Whatever there is to resume from is sound. Returns the names."""
        saved = [name for name in ("last.h5", "rescue.h5")
                 if os.path.exists(os.path.join(self.output, name))]
        for name in saved:
            verdict, text = self.verify(name)
            assert verdict == 0, text
        return saved

    def clean(self):
        shutil.rmtree(self.path, ignore_errors=True)


def finish(process, seconds=180):
    """Waits for the end; a run that takes longer hangs, and takes its whole session with it. A rank
    stopped inside MPI_Init is noticed after 120 s."""
    try:
        out, err = process.communicate(timeout=seconds)
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"hung for {seconds} s: {' '.join(process.args)}\n{out}{err}") from None


def ranks_of(process):
    """Process ids of the ranks below mpirun."""
    try:
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
            return [int(pid) for pid in children.read().split()]
    except OSError:
        return []


def wait_for_ranks(process, count, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        pids = ranks_of(process)
        if len(pids) == count:
            return pids
        time.sleep(0.01)
    return ranks_of(process)


def digest(output):
    found = re.search(r"^result: .*weights=(xxh3:[0-9a-f]{16})", output, re.MULTILINE)
    return found.group(1) if found else None


def own_messages(text):
    """What the program itself said, without mpirun's remarks and without warnings."""
    return [line for line in text.splitlines()
            if line.startswith("mnist_dist: ") and not line.startswith("mnist_dist: warning")]


def undisturbed(options):
    """The digest of the run that nothing happens to."""
    place = Place()
    try:
        code, out, err = finish(place.start(1, options))
        assert code == 0, err
        return digest(out)
    finally:
        place.clean()


def ends_as(process, reference, seconds=180):
    """The run gets to its end, with these weights."""
    code, out, err = finish(process, seconds)
    assert code == 0 and digest(out) == reference, f"exit {code}, {digest(out)}: {err}"


def judge(name, work):
    """work(place), in a place of its own: prints and returns whether it went well."""
    place = Place()
    try:
        work(place)
        print(f"{name}: ok", flush=True)
        return True
    except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
        print(f"{name}: FAILED: {failure}", flush=True)
        return False
    finally:
        place.clean()


def conclude(results):
    """The last line, and the exit code."""
    passed = results.count(True)
    print(f"{passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


def together(work, jobs):
    """work(*job) for every job, a few at a time, since runs that are slow or stalled mostly sleep."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        return list(pool.map(lambda job: work(*job), jobs))
