#!/usr/bin/env bash
# openssl: known answers, speed, keys and certificates, TLS 1.2 and 1.3 to itself over loopback.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang

twin "known answers" 'seq 20000 >n; for d in md5 sha1 sha256 sha512 sha3-256 blake2b512 ripemd160 sm3; do openssl dgst -$d n; done
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f; for c in aes-128-cbc:32 aes-256-ctr:64 aes-128-ecb:32 chacha20:64 camellia-128-cbc:32 des-ede3-cbc:48 aria-128-ctr:32; do openssl enc -${c%:*} -K ${key:0:${c#*:}} -iv ${key:0:32} -in n 2>/dev/null | md5sum; done
openssl enc -aes-256-cbc -pbkdf2 -S 0102030405060708 -k pw -in n | md5sum; openssl prime 1000000007; openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt pass:p -kdfopt salt:salt -kdfopt iter:1000 PBKDF2; openssl mac -macopt hexkey:00 -digest SHA256 -in n HMAC; openssl version | cut -d" " -f1' 120
twin "keys: make, sign, verify, exchange" 'seq 100 >n; for k in "RSA -pkeyopt rsa_keygen_bits:2048" "EC -pkeyopt ec_paramgen_curve:P-256" ED25519 "EC -pkeyopt ec_paramgen_curve:P-384"; do openssl genpkey -algorithm $k -out k.pem 2>/dev/null; openssl pkey -in k.pem -pubout -out p.pem; case $k in ED*) openssl pkeyutl -sign -inkey k.pem -rawin -in n -out s; openssl pkeyutl -verify -pubin -inkey p.pem -rawin -in n -sigfile s;; *) openssl dgst -sha256 -sign k.pem -out s n; openssl dgst -sha256 -verify p.pem -signature s n;; esac; done
openssl genpkey -algorithm X25519 -out a.pem; openssl genpkey -algorithm X25519 -out b.pem; openssl pkey -in b.pem -pubout -out bp.pem; openssl pkey -in a.pem -pubout -out ap.pem; openssl pkeyutl -derive -inkey a.pem -peerkey bp.pem | md5sum >1; openssl pkeyutl -derive -inkey b.pem -peerkey ap.pem | md5sum >2; cmp 1 2 && echo agreed' 240
twin "TLS to itself" 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null; openssl verify -CAfile c.pem c.pem
seq 50000 >page; for v in tls1_2 tls1_3; do for port in $((20000 + RANDOM % 20000)) $((20000 + RANDOM % 20000)); do openssl s_server -accept 127.0.0.1:$port -cert c.pem -key k.pem -$v -WWW -quiet >log 2>&1 & p=$!; for i in $(seq 100); do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done; kill -0 $p 2>/dev/null && break; done
printf "GET /page HTTP/1.0\r\n\r\n" | openssl s_client -connect 127.0.0.1:$port -servername localhost -CAfile c.pem -verify_return_error -$v -quiet 2>err | tail -n +4 | md5sum; printf "GET /page HTTP/1.0\r\n\r\n" | openssl s_client -connect 127.0.0.1:$port -CAfile c.pem -verify_return_error -ign_eof 2>/dev/null | grep -aE "Verification|Protocol *:|^New" | sort -u; kill $p; wait $p 2>/dev/null; done; true' 240
for algorithm in "-evp sha256" "-evp aes-128-gcm" "-evp chacha20-poly1305" rsa2048 ecdsap256; do
    read -ra words <<<"$algorithm"
    like "$(guest 60 openssl speed -seconds 1 "${words[@]}" 2>&1)" '(bytes per second processed|verify/s)' "openssl speed $algorithm"
done
done_testing
