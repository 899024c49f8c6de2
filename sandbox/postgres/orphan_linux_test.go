package postgres

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programDir makes the test binary a program that runs a server in the
// directory it names, until it is killed.
const programDir = "BRAVO_POSTGRES_TEST_PROGRAM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(programDir); dir != "" {
		runProgram(dir)
	}
	os.Exit(m.Run())
}

// runProgram starts the server from a thread that ends, prints the server's
// URL and waits.
func runProgram(dir string) {
	var s *Server
	var err error
	onEndingThread(func() { s, err = Start(context.Background(), Options{Dir: dir}) })
	if err == nil {
		// A server that was told to end would cut this statement.
		err = s.exec(context.Background(), "SELECT pg_sleep(0.3)")
	}
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stdout, s.URL())
	select {}
}

// onEndingThread runs f and ends the thread that ran it: a thread ends with a
// goroutine that is locked to it, except for the main thread.
func onEndingThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if syscall.Gettid() == syscall.Getpid() {
			onEndingThread(f)
			return
		}
		f()
	}()
	<-done
}

// Ensure a program that is killed leaves no server behind, that the server
// does not end before its program, and that the directory serves the next one.
func TestKilledProgramLeavesNoServer(t *testing.T) {
	t.Parallel()
	dir := openDirectory(t)
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), programDir+"="+dir)
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatalf("connect program: %v", err)
	}
	if err := program.Start(); err != nil {
		t.Fatalf("start program: %v", err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	url := strings.TrimSpace(line)
	alive := strings.HasPrefix(url, "postgres://") && listens(t, url)
	if err := program.Process.Kill(); err != nil {
		t.Errorf("kill program: %v", err)
	}
	_ = program.Wait() // always "signal: killed"
	if !alive {
		t.Fatalf("no server while its program runs: %s", line)
	}
	for deadline := time.Now().Add(20 * time.Second); listens(t, url); {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its program")
		}
		runtime.Gosched()
	}
	start(t, Options{Dir: dir})
}
