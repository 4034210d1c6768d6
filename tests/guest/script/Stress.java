// Six threads that deoptimise each other's code, throw through null and collect garbage while stacks are walked: prints OK or what
// is wrong.
import java.util.*; import java.util.concurrent.*; import java.util.concurrent.atomic.*; import java.util.concurrent.locks.*; import java.lang.invoke.*; import java.lang.ref.*;
public class Stress {
    static volatile boolean stop; static abstract class Op { abstract int f(int x); }
    static class A extends Op { int f(int x) { return x * 31 + 1; } } static class B extends Op { int f(int x) { return x ^ 0x5bd1e995; } }
    static class C extends Op { int f(int x) { if (x == 77) throw new IllegalStateException(); return x >>> 1; } }
    static long hot(Op[] ops, int n) { long s = 0; for (int i = 0; i < n; i++) { try { s += ops[i % ops.length].f(i); } catch (IllegalStateException e) { s -= 3; } } return s; }
    static class Node { Node l, r; int v; Node(int d) { v = d; if (d > 0) { l = new Node(d - 1); r = new Node(d - 1); } } int sum() { return v + (l == null ? 0 : l.sum() + r.sum()); } }
    static int npe(Object[] o) { int n = 0; for (int i = 0; i < 20000; i++) try { n += o[i & 3].hashCode() & 1; } catch (NullPointerException e) { n += 2; } return n; }
    public static void main(String[] a) throws Exception {
        int threads = 6; var err = new AtomicInteger(); var total = new AtomicLong(); var lock = new ReentrantLock(); int[] shared = {0}; var list = new ArrayList<Thread>();
        long wantA = 0; { Op[] o = {new A(), new B()}; wantA = hot(o, 50000); } long wantB; { Op[] o = {new A(), new B(), new C()}; wantB = hot(o, 50000); }
        final long wa = wantA, wb = wantB; int tree = new Node(12).sum();
        for (int t = 0; t < threads; t++) { final int id = t; var th = new Thread(() -> { try {
            var rnd = new Random(id); 
            for (int r = 0; r < 25; r++) {
                Op[] o = r % 2 == 0 ? new Op[]{new A(), new B()} : new Op[]{new A(), new B(), new C()};
                if (hot(o, 50000) != (r % 2 == 0 ? wa : wb)) err.incrementAndGet();
                if (new Node(12).sum() != tree) err.incrementAndGet();
                if (npe(new Object[]{1, 2, null, 3}) != 20000) { err.addAndGet(1000); }
                byte[][] junk = new byte[200][]; for (int i = 0; i < 200; i++) { junk[i] = new byte[rnd.nextInt(5000)]; Arrays.fill(junk[i], (byte) i); }
                for (int i = 0; i < 200; i++) for (byte b : junk[i]) if (b != (byte) i) err.incrementAndGet();
                for (int i = 0; i < 2000; i++) { lock.lock(); try { shared[0]++; } finally { lock.unlock(); } synchronized (list) { total.incrementAndGet(); } }
                if (r % 10 == 5) System.gc();
                if (r % 8 == 3) { new Throwable().getStackTrace(); Thread.getAllStackTraces(); }
                MethodHandle mh = MethodHandles.lookup().findVirtual(String.class, "length", MethodType.methodType(int.class)); if ((int) mh.invokeExact("abc") != 3) err.incrementAndGet();
            } } catch (Throwable e) { e.printStackTrace(); err.incrementAndGet(); } }); list.add(th); th.start(); }
        for (var th : list) th.join();
        System.out.println(err + " " + total + " " + shared[0] + (err.get() == 0 ? " OK" : " BAD"));
    }
}
