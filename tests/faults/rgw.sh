#!/bin/bash
# Run inside a machine by tests.machine.ceph: rgw.sh DIRECTORY PORT NAME
#
# One monitor, one OSD in memory and one radosgw, all on 127.0.0.1, with the users that the environment names. S3 is on
# PORT, over HTTPS on PORT + 1 when DIRECTORY/tls has a certificate. DIRECTORY/ready appears when all is up.
set -euo pipefail

dir=$1 port=$2 name=$3
fsid=$(cat /proc/sys/kernel/random/uuid)
mon=$((port + 2))
conf=$dir/ceph.conf keyring=$dir/keyring
find "$dir" -mindepth 1 -maxdepth 1 ! -name tls ! -name rgw.sh -exec rm -rf {} +
mkdir -p "$dir"/{mon,osd,rgw,run,crash}

# Without tcp_nodelay every small answer takes 40 ms.
frontend="beast endpoint=127.0.0.1:$port tcp_nodelay=1"
if [ -e "$dir/tls/server.pem" ]; then
    frontend+=" ssl_endpoint=127.0.0.1:$((port + 1)) ssl_certificate=$dir/tls/server.pem"
    frontend+=" ssl_private_key=$dir/tls/server.key"
fi

cat >"$conf" <<EOF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind port min = $((port + 10))
ms bind port max = $((port + 60))
keyring = $keyring
run dir = $dir/run
crash dir = $dir/crash
admin socket = $dir/run/\$name.\$pid.asok
log file = $dir/\$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon]
mon data = $dir/mon
mon data avail crit = 1
paxos propose interval = 0.05
[osd]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class load list = *
osd class default list = *
[client.rgw.a]
rgw frontends = $frontend
rgw data = $dir/rgw
rgw thread pool size = 32
rgw dns name = $name
EOF

ceph-authtool -C "$keyring" --gen-key -n mon. --cap mon 'allow *'
ceph-authtool "$keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
ceph-authtool "$keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
ceph-authtool "$keyring" --gen-key -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx'
monmaptool --create --fsid "$fsid" --enable-all-features --addv a "[v2:127.0.0.1:$mon]" "$dir/monmap"
ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$keyring"
ceph-mon -c "$conf" -i a -f >"$dir/mon.out" 2>&1 &
osd=$(cat /proc/sys/kernel/random/uuid)
ceph -c "$conf" --connect-timeout 20 osd new "$osd"
ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd" --no-mon-config >"$dir/mkfs.out" 2>&1
ceph-osd -c "$conf" -i 0 -f >"$dir/osd.out" 2>&1 &
radosgw -c "$conf" -n client.rgw.a -f >"$dir/rgw.out" 2>&1 &

until [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" = 200 ]; do sleep 0.1; done
admin() { radosgw-admin -c "$conf" -n client.rgw.a "$@"; }
admin user create --uid=admin --display-name=admin --access-key="$ADMIN_KEY" --secret-key="$ADMIN_SECRET"
admin subuser create --uid=admin --subuser=admin:reader --access=read --key-type=s3 \
    --access-key="$READER_KEY" --secret-key="$READER_SECRET"
touch "$dir/ready"
wait
