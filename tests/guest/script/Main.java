// What a JVM asks of a CPU and a kernel: hot loops that get compiled and deoptimised, exceptions through null and zero
// (SIGSEGV), garbage, threads, locks, atomics, files, a child process, sockets. Each line has one right value.
import java.io.*;
import java.math.BigInteger;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.MessageDigest;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;

public class Main {
    interface Shape { double area(); }
    record Circle(double r) implements Shape { public double area() { return Math.PI * r * r; } }
    record Square(double a) implements Shape { public double area() { return a * a; } }
    record Half(Shape s) implements Shape { public double area() { return s.area() / 2; } }

    static long collatz(int n) {
        long steps = 0;
        for (long v = n; v != 1; steps++) v = (v & 1) == 0 ? v / 2 : 3 * v + 1;
        return steps;
    }

    static int nulls(int n) {
        int caught = 0;
        String[] some = {"a", null, "bc"};
        for (int i = 0; i < n; i++) {
            try { caught += some[i % 3].length() - some[i % 3].length(); }
            catch (NullPointerException e) { caught++; }
            try { caught += i / (i % 5) * 0; }
            catch (ArithmeticException e) { caught++; }
            try { some[i % 4].hashCode(); }
            catch (NullPointerException e) { caught++; }
            catch (ArrayIndexOutOfBoundsException e) { caught++; }
        }
        return caught;
    }

    static int deep(int n) { return n == 0 ? 0 : 1 + deep(n - 1); }
    static int bottomless(int n) { return bottomless(n + 1) + 1; }

    static void part(String name, Object value) { System.out.println(name + ": " + value); }

    public static void main(String[] args) throws Exception {
        long sum = 0;
        for (int i = 1; i < 100000; i++) sum += collatz(i);
        part("collatz", sum);
        double area = 0;
        Shape[] shapes = {new Circle(1), new Square(2), new Half(new Circle(3))};
        for (int i = 0; i < 1000000; i++) area += shapes[i < 900000 ? i % 2 : i % 3].area();
        part("shapes", area);
        part("integers", List.of(Integer.MIN_VALUE / -1, Long.MIN_VALUE % -1, (int) Double.NaN, (long) 1e30, (int) -1e10f, 1 << 33, -1 >>> 28,
            Long.bitCount(0x123456789abcdefL), Integer.reverse(12345), Long.numberOfLeadingZeros(77), Math.multiplyHigh(1L << 62, 12345678L)));
        part("floats", List.of(0.1 + 0.2, 1 / 3f, Math.sqrt(2), Math.fma(0.1, 10, -1), StrictMath.sin(1e10), StrictMath.exp(0.7), Math.rint(2.5), (float) 1e-46,
            Double.MIN_VALUE / 2, Math.floor(-0.5), Math.min(-0.0, 0.0), Double.toString(1e21), Math.nextUp(1f), 5.0 % 3.0, -5.5 % 2));
        part("exceptions", nulls(300000));
        part("deep", deep(3000));
        try { bottomless(0); } catch (StackOverflowError e) { part("overflow", "caught"); }
        var tree = new TreeMap<String, Integer>();
        for (int i = 0; i < 200000; i++) tree.merge(Integer.toString(i * 7919 % 1009), 1, Integer::sum);
        part("tree", tree.size() + " " + tree.firstEntry() + " " + tree.hashCode());
        var kept = new ArrayList<byte[]>();
        for (int i = 0; i < 20000; i++) { byte[] b = new byte[i % 5000 + 1]; b[0] = (byte) i; if (i % 400 == 0) kept.add(b); }
        part("garbage", kept.stream().mapToInt(b -> b[0]).sum());
        part("big", new BigInteger("3").pow(500).mod(BigInteger.valueOf(1000000007)) + " " + BigInteger.TWO.pow(127).subtract(BigInteger.ONE).isProbablePrime(20));
        part("streams", IntStream.rangeClosed(1, 200000).parallel().filter(i -> i % 3 == 0).mapToLong(i -> i).sum());
        part("digest", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("x".repeat(100000).getBytes(StandardCharsets.UTF_8))));

        var counter = new AtomicLong();
        var locked = new long[1];
        var pool = Executors.newFixedThreadPool(8);
        for (int t = 0; t < 8; t++)
            pool.submit(() -> { for (int i = 0; i < 50000; i++) { counter.incrementAndGet(); synchronized (locked) { locked[0]++; } } });
        pool.shutdown();
        part("pool", pool.awaitTermination(300, TimeUnit.SECONDS) + " " + counter + " " + locked[0]);
        try (var virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = IntStream.range(0, 2000).mapToObj(i -> virtual.submit(() -> { Thread.sleep(5); return i; })).toList();
            int got = 0;
            for (var f : all) got += f.get();
            part("virtual threads", got);
        }
        var latch = new CountDownLatch(3);
        for (int i = 0; i < 3; i++) new Thread(latch::countDown).start();
        part("latch", latch.await(60, TimeUnit.SECONDS));

        Path file = Files.createTempFile("lodge", ".txt");
        Files.writeString(file, "line\n".repeat(1000));
        part("file", Files.readAllLines(file).size() + " " + Files.size(file) + " " + Files.deleteIfExists(file));
        try (var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            var answer = CompletableFuture.supplyAsync(() -> {
                try (var s = new Socket(server.getInetAddress(), server.getLocalPort())) {
                    s.getOutputStream().write("ping\n".getBytes());
                    return new BufferedReader(new InputStreamReader(s.getInputStream())).readLine();
                } catch (IOException e) { return e.toString(); }
            });
            try (var s = server.accept()) {
                String line = new BufferedReader(new InputStreamReader(s.getInputStream())).readLine();
                s.getOutputStream().write((line.toUpperCase() + "\n").getBytes());
            }
            part("socket", answer.get());
        }
        Process child = new ProcessBuilder("sh", "-c", "read x; echo $x back; exit 4").start();
        child.getOutputStream().write("sent\n".getBytes());
        child.getOutputStream().close();
        part("child", new String(child.getInputStream().readAllBytes()).trim() + " " + child.waitFor());
        part("done", "OK");
    }
}
