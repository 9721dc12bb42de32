"""The program as a user runs it: short commands, and training runs that are started, watched and hurt, each
in a folder of its own. MNIST_DIST is the program, MPIRUN its launcher; what Open MPI wants to be told
comes with the environment (tests/CMakeLists.txt)."""
import contextlib
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
SKIPPED = 77  # an exit code: something is missing that the test needs

# A run of 36 steps over 3 epochs. Rank 0 sleeps 50 ms a step when SLOW is added, so that there is time
# to hit it.
RECIPE = ["--data", "synthetic:1200", "--epochs", "3", "--batch-size", "100",
          "--set", "checkpoint.every_steps=3", "--set", "distributed.stall_timeout=4"]
SLOW = ["--inject", "slow@0:1"]


class Place:
    """A folder for one run, with Open MPI's own files inside, since a killed mpirun leaves them."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="md_test_")
        self.output = os.path.join(self.path, "run")
        self.environment = dict(os.environ, TMPDIR=self.path,
                                OMPI_MCA_btl_vader_backing_directory=self.path)

    def write(self, name, text):
        """A text file in the folder; its path."""
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def command(self, ranks, options, resume=False, launcher=True):
        line = [PROGRAM, "train", "--quiet", "--output", self.output]
        return ([MPIRUN, "-np", str(ranks)] if launcher else []) + line + options + (
            ["--resume"] if resume else [])

    def launch(self, command, stderr=subprocess.PIPE, **environment):
        return subprocess.Popen(command, env={**self.environment, **environment},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                                text=True, start_new_session=True)

    def start(self, ranks, options, resume=False, **environment):
        return self.launch(self.command(ranks, options, resume), **environment)

    def train(self, ranks, options, resume=False, **environment):
        """A run that comes to its end: what it printed, and what it said. One rank needs no mpirun, whose
        start takes longer than such a run."""
        command = self.command(ranks, options, resume, launcher=ranks > 1)
        code, out, err = finish(self.launch(command, **environment))
        assert code == 0, f"exit {code}: {err}"
        return out, err

    def go_on(self, ranks):
        """The resume that the messages tell of, with nothing but what the run itself knows."""
        return self.start(ranks, [], resume=True)

    def wait_for_save(self, process, seconds=60):
        """Until then a run need not have come to its handlers, nor to its folder's lock."""
        until = time.monotonic() + seconds
        while not os.path.exists(os.path.join(self.output, "last.h5")):
            assert process.poll() is None and time.monotonic() < until, "no save came about"
            time.sleep(0.01)

    def verify(self, name="last.h5"):
        """The program's own verdict over a file, as (exit code, text)."""
        code, out, err = run("verify", os.path.join(self.output, name), environment=self.environment)
        return code, out + err

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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clean()


def in_a_folder(test):
    """Runs test() in an empty working directory."""
    with Place() as place:
        os.mkdir(place.output)
        os.environ.update(place.environment)
        with contextlib.chdir(place.output):
            test()


def run(*arguments, environment=None):
    """A command without mpirun: exit code, standard output and standard error."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, env=environment, check=False)
    return done.returncode, done.stdout, done.stderr


def works(*arguments, environment=None):
    code, out, err = run(*arguments, environment=environment)
    assert code == 0, (arguments, code, err)
    return out


def refuses(wanted, words, *arguments):
    """The exit code, and one message with these words."""
    code, _, err = run(*arguments)
    check_refused((code, err), wanted, words)


def check_refused(ended, wanted, words):
    """(exit code, standard error) of a run that failed as it should: one message, with these words."""
    code, err = ended
    messages = own_messages(err)
    assert code == wanted and len(messages) == 1 and words in messages[0], (code, wanted, words, err)


def finish(process, seconds=180):
    """Waits for the end; a run that takes longer hangs, and takes its whole session with it. A rank
    stopped inside MPI_Init is noticed after 120 s. An mpirun that has outlived its ranks is sent after
    them: that of Open MPI 4.1 may wait for ever for a rank killed inside MPI_Init."""
    until = time.monotonic() + seconds
    alone = 0  # looks in a row, ten seconds apart, that found mpirun without ranks
    while alone < 3 and time.monotonic() < until:
        try:
            out, err = process.communicate(timeout=min(10, seconds))
            return process.returncode, out, err
        except subprocess.TimeoutExpired:
            alone = alone + 1 if process.args[0] == MPIRUN and not ranks_of(process) else 0
    os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate()
    assert alone == 3, f"hung for {seconds} s: {' '.join(process.args)}\n{out}{err}"
    return process.returncode, out, err


def mpich():
    """Its mpiexec may return 0 for a rank that exited or was killed, and 0 or 9 where one ends with 76: what
    was said and saved then has to tell."""
    return "MPICH" in works("--version")


def broke_off(code, out):
    return (code != 0 or mpich()) and not digest(out)


def tells_of_stall(code):
    return code == 76 or code in (0, 9) and mpich()


def below(pid):
    """Process ids of what `pid` started, and of what that started."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            return [found for child in map(int, children.read().split()) for found in (child, *below(child))]
    except OSError:
        return []


def is_rank(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith(os.path.basename(PROGRAM))
    except OSError:
        return False


def ranks_of(process):
    """Process ids of the ranks below mpirun, which MPICH's puts a process of its own between."""
    return [pid for pid in below(process.pid) if is_rank(pid)]


def wait_for_ranks(process, count, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        pids = ranks_of(process)
        if len(pids) == count:
            return pids
        time.sleep(0.01)
    return ranks_of(process)


def reducers():
    """Their names, as --help lists them."""
    return re.search(r"--reducer=NAME +one of (.*(?:\n {20,}.*)*)", works("train", "--help")).group(1).split()


def digest(output):
    """What stands behind weights= in the program's output."""
    found = re.search(r"weights=(xxh3:[0-9a-f]{16})", output)
    return found.group(1) if found else None


def own_messages(text):
    """What the program itself said, without mpirun's remarks and without warnings."""
    return [line for line in text.splitlines()
            if line.startswith("mnist_dist: ") and not line.startswith("mnist_dist: warning")]


def undisturbed(options, ranks=1):
    """The digest of the run that nothing happens to."""
    with Place() as place:
        return digest(place.train(ranks, options)[0])


def ends_as(process, reference, seconds=180):
    """The run gets to its end, with these weights."""
    code, out, err = finish(process, seconds)
    assert code == 0 and digest(out) == reference, f"exit {code}, {digest(out)}: {err}"


def judge(name, work, *arguments):
    """work(place, *arguments), in a place of its own: prints and returns whether it went well."""
    with Place() as place:
        try:
            work(place, *arguments)
            print(f"{name}: ok", flush=True)
            return True
        except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
            print(f"{name}: FAILED: {failure}", flush=True)
            return False


def conclude(results):
    """The last line, and the exit code."""
    passed = results.count(True)
    print(f"{passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


def together(work, jobs, at_once=3):
    """work(*job) for every job, a few at a time, since runs that are slow or stalled mostly sleep."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(lambda job: work(*job), jobs))
