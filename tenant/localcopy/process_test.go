package localcopy_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"tollhouse/tenant/localcopy"
	"tollhouse/tenant/seal"
)

// TestMain is also the program of another process on the same folder.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCALCOPY_TEST_DIR"); dir != "" {
		r, err := seal.ParseRing(oldKey)
		if err == nil {
			err = otherProcess(localcopy.NewFolder(dir, "certificates", limit, r), os.Getenv("LOCALCOPY_TEST_TASK"))
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func otherProcess(f *localcopy.Folder, task string) error {
	if task == "full" {
		// What a full disk does, for this process alone: a file can begin and cannot go on.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
			return err
		}
		if err := f.Write(host, make([]byte, 100_000), now); !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("the disk was not full: %w", err)
		}
		return nil
	}
	for i := range 300 {
		content := bytes.Repeat([]byte{byte(i)}, 1000+i*100)
		if err := f.Write(host, content, now); err != nil {
			return err
		}
		if i == 0 {
			fmt.Println("begun")
		}
	}
	return nil
}

func start(t *testing.T, dir, task string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "LOCALCOPY_TEST_DIR="+dir, "LOCALCOPY_TEST_TASK="+task)
	return cmd
}

func TestFolder_IsSharedByTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	var others [2]*exec.Cmd
	for i := range others {
		others[i] = start(t, dir, "write")
		out, err := others[i].StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := others[i].Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "begun\n" {
			t.Fatalf("the other process: %q, %v", line, err)
		}
	}
	f := folder(t, dir, oldKey)
	done := make(chan error, 1)
	go func() { done <- errors.Join(others[0].Wait(), others[1].Wait()) }()
	for reads := 0; ; reads++ {
		kept, err := f.Read(host)
		if err != nil || len(kept.Content) != 1000+int(kept.Content[0])*100 && len(kept.Content) != 1000+(256+int(kept.Content[0]))*100 {
			t.Fatalf("read %d: %d bytes, %v", reads, len(kept.Content), err)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			if n := len(files(t, dir)); n != 1 {
				t.Errorf("%d files, want 1", n)
			}
			t.Logf("%d whole reads beside two writers", reads)
			return
		default:
		}
	}
}

func TestWrite_LeavesTheOldOneWhenTheDiskIsFull(t *testing.T) {
	dir := t.TempDir()
	f := folder(t, dir, oldKey)
	write(t, f, host, "as it was")
	if out, err := start(t, dir, "full").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if kept, err := f.Read(host); err != nil || string(kept.Content) != "as it was" {
		t.Errorf("after the failure: %q, %v", kept.Content, err)
	}
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files, want 1: half a file is left", n)
	}
}
