// Many goroutines against one result that can be computed by hand: what Go asks of a kernel and a CPU.
// Pipelines of channels, a mutex under contention, atomics, timers, garbage under pressure with live data in it,
// loops that only a signal (SIGURG preemption) can interrupt, stacks that grow, nil loads recovered as panics (SIGSEGV
// with the right pc), a child process. Prints one line a part, then OK; any wrong result ends it with status 1.
//
// usage: goroutines [SCALE]     SCALE 1 (default) takes about a second natively.
package main

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func check(part string, got, want any) {
	if got != want {
		fmt.Printf("%s: got %v, want %v\n", part, got, want)
		os.Exit(1)
	}
	fmt.Printf("%s: %v\n", part, got)
}

// pipeline sends n numbers through a chain of goroutines, each of which adds one.
func pipeline(stages, n int) int {
	first := make(chan int)
	in := first
	for i := 0; i < stages; i++ {
		out := make(chan int, i%3)
		go func(in <-chan int, out chan<- int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	go func() {
		for i := 0; i < n; i++ {
			first <- i
		}
		close(first)
	}()
	sum := 0
	for v := range in {
		sum += v
	}
	return sum
}

// contention counts under one mutex and one atomic from many goroutines.
func contention(workers, n int) (int, int64) {
	var mutex sync.Mutex
	var group sync.WaitGroup
	var atomically int64
	counted := 0
	for i := 0; i < workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < n; j++ {
				mutex.Lock()
				counted++
				mutex.Unlock()
				atomic.AddInt64(&atomically, 2)
				if j%64 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	group.Wait()
	return counted, atomically
}

type node struct {
	left, right *node
	value       uint32
}

func grow(depth int, value uint32) *node {
	if depth == 0 {
		return &node{value: value}
	}
	return &node{grow(depth-1, 2*value), grow(depth-1, 2*value+1), value}
}

func (n *node) sum() uint64 {
	if n == nil {
		return 0
	}
	return n.left.sum() + uint64(n.value) + n.right.sum()
}

// garbage keeps one tree alive while goroutines make and drop others, with the collector running all the time.
func garbage(workers, rounds int) uint64 {
	keep := grow(14, 1)
	var group sync.WaitGroup
	var total uint64
	for i := 0; i < workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < rounds; j++ {
				atomic.AddUint64(&total, grow(8, 1).sum())
			}
		}()
	}
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	group.Wait()
	return total + keep.sum()
}

// preempt spins goroutines that never call anything, one more than there are threads: only SIGURG lets main go on.
func preempt() bool {
	var stop, spun int32
	for i := 0; i <= runtime.GOMAXPROCS(0); i++ {
		go func() {
			for atomic.LoadInt32(&stop) == 0 {
			}
			atomic.AddInt32(&spun, 1)
		}()
	}
	time.Sleep(30 * time.Millisecond)
	runtime.GC()
	atomic.StoreInt32(&stop, 1)
	for atomic.LoadInt32(&spun) != int32(runtime.GOMAXPROCS(0)+1) {
		time.Sleep(time.Millisecond)
	}
	return true
}

// timers: n of them, all fired, none early.
func timers(n int) (fired int, early int) {
	results := make(chan bool, n)
	start := time.Now()
	for i := 0; i < n; i++ {
		wait := time.Duration(i%50) * time.Millisecond
		time.AfterFunc(wait, func() { results <- time.Since(start) >= wait })
	}
	for fired = 0; fired < n; fired++ {
		select {
		case onTime := <-results:
			if !onTime {
				early++
			}
		case <-time.After(30 * time.Second):
			return
		}
	}
	return
}

// deep recurses with a frame of its own, so that the stack is copied several times.
func deep(n int) int {
	var frame [64]int
	frame[n%64] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + frame[n%64] - n + 1
}

// faults loads through a nil pointer: the runtime turns SIGSEGV into a panic at the faulting instruction.
func faults(n int) int {
	caught := 0
	for i := 0; i < n; i++ {
		func() {
			defer func() {
				var fault runtime.Error
				if err, ok := recover().(error); ok && errors.As(err, &fault) {
					caught++
				}
			}()
			var none *node
			fmt.Println(none.value)
		}()
	}
	return caught
}

func floats() string {
	sum := 0.0
	for i := 1; i <= 100000; i++ {
		sum += math.Sqrt(float64(i)) / float64(i)
	}
	return strconv.FormatFloat(sum, 'g', -1, 64)
}

func signals(n int) int {
	got := make(chan os.Signal, n)
	signal.Notify(got, syscall.SIGUSR1)
	count := 0
	for i := 0; i < n; i++ {
		if syscall.Kill(os.Getpid(), syscall.SIGUSR1) == nil {
			<-got
			count++
		}
	}
	signal.Stop(got)
	return count
}

func main() {
	scale := 1
	if len(os.Args) == 2 && os.Args[1] == "child" {
		fmt.Print("child ran")
		return
	}
	if len(os.Args) == 2 {
		scale, _ = strconv.Atoi(os.Args[1])
	}
	check("pipeline", pipeline(1000, 200*scale), 200*scale*(200*scale-1)/2+1000*200*scale)
	counted, atomically := contention(500, 400*scale)
	check("mutex", counted, 500*400*scale)
	check("atomic", atomically, int64(500*400*scale*2))
	check("garbage", garbage(8, 200*scale), uint64(8*200*scale)*(512*511/2)+32768*32767/2)
	check("preempt", preempt(), true)
	fired, early := timers(5000 * scale)
	check("timers", fired, 5000*scale)
	check("early", early, 0)
	check("deep", deep(100000), 100000)
	check("faults", faults(1000*scale), 1000*scale)
	check("floats", floats(), "630.9967586623756")
	check("crc", crc32.ChecksumIEEE([]byte("123456789")), uint32(0xcbf43926))
	check("signals", signals(200*scale), 200*scale)
	if out, err := exec.Command("/proc/self/exe", "child").Output(); err != nil || string(out) != "child ran" {
		fmt.Println("child:", err, string(out))
		os.Exit(1)
	}
	fmt.Println("OK")
}
