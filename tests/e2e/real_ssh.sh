#!/usr/bin/env bash
# sshd and ssh on loopback, both guests: privilege separation, seccomp sandbox, terminals, port forwarding, sftp.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
[ "$(id -u)" = 0 ] || skip_all "sshd's privilege separation needs a root with more than one user"
real_copy

put run.sh <<'E'
mkdir -p /run/sshd /root/.ssh; chmod 700 /root /root/.ssh; chown root:root /root
grep -q ^sshd: /etc/passwd || useradd -r -d /run/sshd -s /usr/sbin/nologin sshd
ssh-keygen -q -t ed25519 -N "" -f host; ssh-keygen -q -t ecdsa -N "" -f key; ssh-keygen -q -t rsa -b 2048 -N "" -f rsa
cat key.pub rsa.pub >/root/.ssh/authorized_keys; chmod 600 /root/.ssh/authorized_keys
for try in 1 2 3; do
    port=$((20000 + RANDOM % 30000))
    /usr/sbin/sshd -D -e -f /dev/null -p $port -h $PWD/host -o PidFile=none -o ListenAddress=127.0.0.1 -o PermitRootLogin=yes -o UsePAM=no \
        -o "Subsystem sftp internal-sftp" 2>sshd.log & server=$!
    for i in $(seq 100); do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break 2; kill -0 $server 2>/dev/null || break; sleep 0.1; done
done
s="-F none -i $PWD/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$PWD/known -o LogLevel=ERROR -o BatchMode=yes"
ssh $s -p $port root@127.0.0.1 'echo hello from $(id -un); exit 7'; echo $?
seq 200000 | ssh $s -p $port root@127.0.0.1 md5sum
ssh $s -i rsa -o IdentitiesOnly=yes -p $port root@127.0.0.1 'yes | head -c 3000000' | wc -c
ssh $s -tt -p $port root@127.0.0.1 'tty | cut -c1-8; stty -a | grep -c speed; echo $TERM' 2>/dev/null </dev/null | tr -d '\r'
seq 5000 >f; scp -q $s -P $port f root@127.0.0.1:$PWD/g; cmp f g && echo copied
printf 'get %s h\nls -1 %s\n' $PWD/f $PWD/known | sftp -q -b - $s -P $port root@127.0.0.1 | tail -1 | xargs basename; cmp f h && echo fetched
ssh $s -o ControlMaster=auto -o ControlPath=$PWD/ctl -o ControlPersist=5 -p $port root@127.0.0.1 echo master; ssh $s -o ControlPath=$PWD/ctl -p $port root@127.0.0.1 echo shared; ssh -o ControlPath=$PWD/ctl -O exit x 2>/dev/null; echo $?
ssh -F none -i nokey -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=$PWD/known -p $port root@127.0.0.1 true 2>&1 | grep -o 'Permission denied'
eval $(ssh-agent) >/dev/null; ssh-add -q key; ssh-add -l | wc -l; kill $SSH_AGENT_PID
kill $server; wait $server; grep -ci seccomp sshd.log
E
twin "sshd and ssh" 'bash run.sh; true' 240
done_testing
