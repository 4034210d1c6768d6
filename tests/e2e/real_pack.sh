#!/usr/bin/env bash
# Packers and archivers: bit-exact results, read by the machine's own tools where it has them, and several threads.
. "$(dirname "$0")/../lib/real.sh"
real_roots base
{ seq 60000 && head -c 300000 "$NATIVE_ROOT/usr/share/common-licenses/GPL-3" && head -c 200000 /dev/zero; } | put data

for level in 1 6 9; do
    twin "gzip -$level" "gzip -nc$level data | md5sum; gzip -nc$level data | gzip -dc | md5sum"
done
twin "bzip2" 'bzip2 -c data | md5sum; bzip2 -c data | bunzip2 | md5sum; bzip2 -kf data; bzip2 -tv data.bz2 2>&1; bzcat data.bz2 | wc -c; rm data.bz2'
twin "xz" 'xz -c -3 data | md5sum; xz -T2 --block-size=100KiB -c -1 data | xz -dc -T2 | md5sum; xz -C sha256 -c -0 data >d.xz; xz -t d.xz && xz -l --robot d.xz | cut -f1-6; unxz -c d.xz | md5sum; lzma -c -0 data | unlzma | md5sum; rm d.xz' 120
twin "zstd" 'zstd -qc -3 data | md5sum; zstd -qc -12 data | md5sum; zstd -qc -T2 -5 data | zstd -dqc | md5sum; zstd -qf --check data -o d.zst; zstd -tq d.zst && zstdcat d.zst | wc -c; rm d.zst; zstd -b1 -i1 data >/dev/null 2>&1; echo $?' 120
twin "tar" 'mkdir -p t/sub; seq 1000 >t/sub/n; ln -s sub/n t/l; ln t/sub/n t/h; chmod 640 t/sub/n; touch -d 2020-02-02 t/sub/n t/h; truncate -s 5M t/sparse; touch -d 2020-02-02 t t/sub t/sparse
tar --sort=name --owner=0 --group=0 --mtime=2020-01-01 -cf - t | md5sum; tar -Scf s.tar t; tar -tvf s.tar | sort | awk "{ print \$1, \$3, \$NF }" | sort; for c in gzip bzip2 xz zstd; do tar --use-compress-program=$c -cf a.tar.c t; mkdir -p o; tar -xf a.tar.c -C o --use-compress-program=$c; diff -r t o/t && stat -c "%a %s %Y" o/t/sub/n; rm -r o; done
tar -xOf s.tar t/sub/n | md5sum; tar -df s.tar && echo no difference; tar --delete -f s.tar t/l; tar -tf s.tar | wc -l; tar --exclude=sub -cf - t | tar -t | sort; rm -r t s.tar a.tar.c' 120
twin "dpkg-deb and ar" 'mkdir -p p/DEBIAN p/usr/share/x; printf "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: n <n@x>\nDescription: d\n" >p/DEBIAN/control; seq 100 >p/usr/share/x/n; SOURCE_DATE_EPOCH=1 dpkg-deb --root-owner-group -b p x.deb; dpkg-deb -c x.deb | awk "{ print \$1, \$2, \$6 }"; dpkg-deb -f x.deb Package; dpkg-deb -x x.deb o; diff -r p/usr o/usr && echo same'
guest 60 bash -c 'gzip -c data >g.gz && bzip2 -c data >b.bz2 && xz -0 -c data >x.xz && zstd -q data -o z.zst && tar -cf t.tar data'
sum=$(md5sum <"$GUEST_ROOT$WORK/data")
for pair in 'gzip g.gz' 'bzip2 b.bz2' 'xz x.xz' 'zstd z.zst' 'tar t.tar'; do
    read -r tool file <<<"$pair"
    if ! command -v "$tool" >/dev/null; then
        skip "$tool of this machine reads the guest's" "$tool is not installed"
    elif [ "$tool" = tar ]; then
        is "$(tar -xOf "$GUEST_ROOT$WORK/$file" | md5sum)" "$sum" "tar of this machine reads the guest's"
    else
        is "$("$tool" -dc <"$GUEST_ROOT$WORK/$file" | md5sum)" "$sum" "$tool of this machine reads the guest's"
    fi
done
exits 1 "gzip notices a damaged file" guest 20 bash -c 'head -c 1000 g.gz | gzip -t'
done_testing
