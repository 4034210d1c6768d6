#!/usr/bin/env bash
# dpkg and apt inside a root of their own: look, build a package with a service script, install, verify, upgrade, remove;
# apt does the same from a local archive, with its sandbox user and its solver.
. "$(dirname "$0")/../lib/real.sh"
real_roots base
real_copy

twin "what is installed" 'dpkg -l | wc -l >/dev/null; dpkg-query -W -f "\${Package} \${Status}\n" bash apt; dpkg -S /usr/bin/awk /usr/bin/sed 2>/dev/null | sort; dpkg -L grep | grep bin/; dpkg --compare-versions 1.2~rc1 lt 1.2 && echo older; dpkg --audit | wc -l; apt-cache policy bash 2>/dev/null | head -1'
is "$(guest 20 dpkg --print-architecture)" riscv64 "dpkg's architecture"
like "$(guest 60 apt list --installed 2>/dev/null)" 'bash/.*riscv64.*\[installed' "apt list --installed"
make_package='mkdir -p pool; for v in 1.0 2.0; do p=$PWD/lodge-test-$v; mkdir -p $p/DEBIAN $p/usr/share/lodge-test $p/etc; echo version $v >$p/usr/share/lodge-test/v; echo conf $v >$p/etc/lodge-test.conf; echo /etc/lodge-test.conf >$p/DEBIAN/conffiles
printf "Package: lodge-test\nVersion: $v\nArchitecture: all\nMaintainer: n <n@x>\nDepends: bash, coreutils (>= 8)\nDescription: test\n" >$p/DEBIAN/control
for s in preinst postinst prerm postrm; do printf "#!/bin/sh\nset -e\necho $s \$1 >>/var/log/lodge-test.log\n" >$p/DEBIAN/$s; chmod 755 $p/DEBIAN/$s; done
dpkg-deb --root-owner-group -b $p pool/lodge-test_${v}_all.deb >/dev/null; done; ls pool
'
twin "dpkg installs, upgrades, verifies, removes" "$make_package"'rm -f /var/log/lodge-test.log; dpkg -i pool/lodge-test_1.0_all.deb 2>&1 | grep -v "Reading database"; cat /usr/share/lodge-test/v; echo local >>/etc/lodge-test.conf
dpkg --force-confold -i pool/lodge-test_2.0_all.deb 2>&1 | grep -v "Reading database"; dpkg -s lodge-test | grep -E "Status|Version"; echo broken >>/usr/share/lodge-test/v; dpkg --verify lodge-test; dpkg -r lodge-test 2>&1 | grep -v "Reading database"; dpkg -P lodge-test 2>&1 | grep -v "Reading database"; cat /var/log/lodge-test.log; ls /usr/share/lodge-test 2>&1 | wc -l; ls /etc/lodge-test.conf 2>&1 | wc -l; dpkg -l lodge-test 2>&1 | tail -1' 180
twin "apt installs it from a local archive" 'cd pool; for d in *.deb; do dpkg-deb -f $d; printf "Filename: ./%s\nSize: %s\nSHA256: %s\n\n" $d $(stat -c %s $d) $(sha256sum $d | cut -d" " -f1); done >Packages; cd ..; chmod -R a+rX .
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; echo "deb [trusted=yes] file:$PWD/pool ./" >/etc/apt/sources.list.d/lodge-test.list; apt-get update -q >/dev/null 2>u || cat u; apt-cache madison lodge-test | tr -s " " | cut -d"|" -f1,2; apt-get install -qqy lodge-test=1.0 >/dev/null 2>i || cat i; dpkg-query -W lodge-test; apt list --upgradable 2>/dev/null | grep -c lodge-test; apt-get -qqy upgrade >/dev/null 2>i || cat i; dpkg-query -W lodge-test
apt-get -s remove lodge-test | grep ^Remv; apt-get -qqy purge lodge-test >/dev/null 2>i || cat i; dpkg-query -W -f "\${Status}\n" lodge-test 2>&1 | wc -l; tail -3 /var/log/lodge-test.log; grep -c ^Commandline /var/log/apt/history.log; apt-mark showmanual | grep -c lodge-test; true' 240
like "$(guest 60 apt-get install -y no-such-package 2>&1)" 'Unable to locate package' "apt says what it cannot find"
twin "triggers, alternatives, diversions, statoverride, users" 'update-alternatives --query awk | head -2; update-alternatives --install /usr/bin/lodge-x lodge-x /bin/true 5; readlink /etc/alternatives/lodge-x; dpkg-divert --add --rename /usr/bin/factor; ls /usr/bin/factor.distrib; dpkg-statoverride --add root root 700 /usr/bin/expr --update; stat -c %a /usr/bin/expr; ldconfig; echo $?; useradd -m -s /bin/bash someone; id someone; su someone -c "id -un; pwd; cd; pwd"; userdel -r someone 2>/dev/null; groupadd g; getent group g | cut -d: -f1; echo root:pw | chpasswd; passwd -S root | cut -d" " -f2' 120
done_testing
