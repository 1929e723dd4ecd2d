#!/bin/bash
# One real Kubernetes node in namespaces of its own (network, mounts, processes), beside everything else on the machine.
#   node.sh up | down | load IMAGE.tar...
# Variables: NUMBER of the cluster (1 to 254, several run side by side), FOLDER for its files, BIN (the programs and
# their links), CNI (the plugins of containerd's network), IMAGES (archives that are loaded at the start).
# Why a script: the node is one tree of processes below `unshare`; when its process 1 ends, all of it ends.
set -e
self=$(readlink -f "$0")
export NUMBER FOLDER BIN CNI IMAGES
NODE_NAME=kube$NUMBER MACHINE=10.99.$NUMBER.1 NODE=10.99.$NUMBER.2
PODS=10.244.$NUMBER.0/24 SERVICES=10.96.$NUMBER.0/24 API=10.96.$NUMBER.1 PKI=$FOLDER/pki
kubectl() { "$BIN/kubectl" --kubeconfig "$PKI/admin.kubeconfig" "$@"; }

# --- keys and certificates ---

curve="ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

authority() { # NAME
  openssl req -x509 -newkey $curve -keyout "$1.key" -out "$1.crt" -days 30 -subj "/CN=$1" \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

certificate() { # FILE AUTHORITY SUBJECT USE [NAMES]
  openssl req -newkey $curve -keyout "$1.key" -out "$1.csr" -subj "$3"
  printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s\n' \
    "$4" "${5:+subjectAltName=$5}" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}

user() { # NAME SUBJECT: a client certificate and its kubeconfig
  certificate "$1" ca "$2" clientAuth
  cat > "$1.kubeconfig" <<Y
apiVersion: v1
kind: Config
current-context: $NODE_NAME
contexts: [{name: $NODE_NAME, context: {cluster: $NODE_NAME, user: $1}}]
clusters:
  - name: $NODE_NAME
    cluster: {server: "https://$NODE:6443", certificate-authority-data: $(base64 -w0 ca.crt)}
users:
  - name: $1
    user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}
Y
}

pki() {
  mkdir -p "$PKI"
  cd "$PKI"
  umask 077
  authority ca
  authority front-proxy-ca
  local names=kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  certificate apiserver ca /CN=kube-apiserver serverAuth "DNS:localhost,DNS:$names,IP:127.0.0.1,IP:$API,IP:$NODE"
  certificate kubelet-server ca "/CN=$NODE_NAME" serverAuth "DNS:$NODE_NAME,IP:$NODE"
  certificate kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out sa.key
  openssl pkey -in sa.key -pubout -out sa.pub
  user admin /O=system:masters/CN=admin
  user kubelet "/O=system:nodes/CN=system:node:$NODE_NAME"
  user dns /O=system:masters/CN=dns
  user network-policies /O=system:masters/CN=network-policies
  user controllers /CN=system:kube-controller-manager
  user scheduler /CN=system:kube-scheduler
  user proxy /CN=system:kube-proxy
}

# --- configuration of the components ---

containerd_config() { # restrict_oom_score_adj: without CAP_SYS_RESOURCE runc may not lower it
  cat <<Y
version = 2
root = "$FOLDER/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$FOLDER/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$CNI"
    conf_dir = "$FOLDER/etc/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
Y
}

cni_config() {
  cat <<Y
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
Y
}

kubelet_config() { # The eviction thresholds are low: a developer's disk is often fuller than a node's may be.
  cat <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /$NODE_NAME
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
volumePluginDir: $FOLDER/volume-plugins
resolvConf: $FOLDER/etc/resolv.conf
clusterDomain: cluster.local
clusterDNS: ["$NODE"]
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
Y
}

proxy_config() { # A network namespace may not set the sysctls of conntrack.
  cat <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: $NODE_NAME
clusterCIDR: $PODS
clientConnection: {kubeconfig: $PKI/proxy.kubeconfig}
iptables: {localhostNodePorts: false, minSyncPeriod: 100ms}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
Y
}

dns_config() {
  cat <<Y
.:53 {
  bind $NODE
  errors
  ready $NODE:8181
  hosts {
    $MACHINE host.internal
    fallthrough
  }
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $PKI/dns.kubeconfig
  }
  cache 2
}
Y
}

configs() {
  local etc=$FOLDER/etc
  mkdir -p "$etc/cni"
  containerd_config > "$etc/containerd.toml"
  cni_config > "$etc/cni/10-pods.conflist"
  kubelet_config > "$etc/kubelet.yaml"
  proxy_config > "$etc/proxy.yaml"
  dns_config > "$etc/Corefile"
  echo "nameserver $NODE" > "$etc/resolv.conf"
}

# --- the node's place on the machine ---

network() { # A pair of links joins the node to the machine, which has routes to Pods and Services.
  ip netns add "$NODE_NAME"
  ip link add "h$NODE_NAME" type veth peer name eth0 netns "$NODE_NAME"
  ip addr add "$MACHINE/30" dev "h$NODE_NAME"
  ip link set "h$NODE_NAME" up
  ip -n "$NODE_NAME" link set lo up
  ip -n "$NODE_NAME" addr add "$NODE/30" dev eth0
  ip -n "$NODE_NAME" link set eth0 up
  ip -n "$NODE_NAME" route add default via "$MACHINE"
  ip route add "$PODS" via "$NODE"
  ip route add "$SERVICES" via "$NODE"
}

cgroups() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    for c in $(cat /sys/fs/cgroup/cgroup.controllers); do
      echo "+$c" > /sys/fs/cgroup/cgroup.subtree_control || true
    done
    mkdir -p "/sys/fs/cgroup/$NODE_NAME"
    return
  fi
  for c in /sys/fs/cgroup/*/; do [ ! -e "$c/tasks" ] || mkdir -p "$c/$NODE_NAME"; done
  for f in cpus mems; do
    cat "/sys/fs/cgroup/cpuset/cpuset.$f" > "/sys/fs/cgroup/cpuset/$NODE_NAME/cpuset.$f"
  done
}

up() {
  down_but_files # what a killed run left
  rm -rf "$FOLDER/ready" "$FOLDER/fs/run"
  mkdir -p "$FOLDER/log"
  (pki) 2> "$FOLDER/log/pki.log"
  configs
  network
  cgroups
  # No descriptor of the caller stays open in the node.
  setsid nsenter --net="/run/netns/$NODE_NAME" unshare --mount --pid --fork --kill-child --mount-proc \
    bash "$self" node < /dev/null > "$FOLDER/log/node.log" 2>&1 &
  echo $! > "$FOLDER/pid"
  for _ in $(seq 2400); do
    [ ! -e "$FOLDER/ready" ] || return 0
    [ -e "/proc/$(cat "$FOLDER/pid")" ] || break
    sleep .05
  done
  echo "the node is not ready after 120 s: see $FOLDER/log" >&2
  return 1
}

# --- process 1 of the node: all else ends with it ---

run() { # PROGRAM ARGUMENTS...
  local name=$1
  shift
  "$name" "$@" >> "$FOLDER/log/$name.log" 2>&1 &
}

private_folders() {
  mount --make-rshared /
  for p in /run/containerd /run/netns /var/lib/cni /var/lib/kubelet /var/log/containers /var/log/pods /tmp/hostpath_pv; do
    mkdir -p "$p" "$FOLDER/fs$p"
    mount --bind "$FOLDER/fs$p" "$p"
  done
  # The kubelet sets these, for the whole machine if it could.
  local setting value
  for setting in vm.overcommit_memory=1 kernel.panic=10 kernel.panic_on_oops=1; do
    value=${setting#*=} setting=${setting%=*}
    echo "$value" > "$FOLDER/etc/$setting"
    mount --bind "$FOLDER/etc/$setting" "/proc/sys/${setting//.//}"
  done
}

run_apiserver() {
  run kube-apiserver --advertise-address "$NODE" --secure-port 6443 --etcd-servers http://127.0.0.1:2379 \
    --service-cluster-ip-range "$SERVICES" --allow-privileged=true \
    --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" --client-ca-file "$PKI/ca.crt" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --enable-aggregator-routing=true \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
    --kubelet-client-certificate "$PKI/kubelet-client.crt" --kubelet-client-key "$PKI/kubelet-client.key" \
    --kubelet-certificate-authority "$PKI/ca.crt" --kubelet-preferred-address-types InternalIP \
    --proxy-client-cert-file "$PKI/front-proxy-client.crt" --proxy-client-key-file "$PKI/front-proxy-client.key" \
    --requestheader-client-ca-file "$PKI/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
    --requestheader-uid-headers X-Remote-Uid --requestheader-extra-headers-prefix X-Remote-Extra-
}

node() {
  private_folders
  export PATH=$BIN:$CNI:$PATH
  run containerd --config "$FOLDER/etc/containerd.toml"
  run etcd --data-dir "$FOLDER/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380
  run_apiserver
  load $IMAGES > "$FOLDER/log/load.log" 2>&1 &
  until kubectl get --raw /readyz > /dev/null 2>&1; do sleep .1; done
  # With fewer requests a second the ServiceAccount of a new namespace takes seconds longer.
  run kube-controller-manager --kubeconfig "$PKI/controllers.kubeconfig" --leader-elect=false --bind-address 127.0.0.1 \
    --use-service-account-credentials --service-account-private-key-file "$PKI/sa.key" --root-ca-file "$PKI/ca.crt" \
    --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" \
    --enable-hostpath-provisioner --kube-api-qps 500 --kube-api-burst 1000
  run kube-scheduler --kubeconfig "$PKI/scheduler.kubeconfig" --leader-elect=false --bind-address 127.0.0.1
  run kubelet --config "$FOLDER/etc/kubelet.yaml" --kubeconfig "$PKI/kubelet.kubeconfig" \
    --hostname-override "$NODE_NAME" --node-ip "$NODE"
  run kube-proxy --config "$FOLDER/etc/proxy.yaml"
  run coredns -conf "$FOLDER/etc/Corefile"
  until kubectl wait --for=condition=Ready "node/$NODE_NAME" --timeout=10s > /dev/null 2>&1 &&
    kubectl get serviceaccount default > /dev/null 2>&1; do sleep .1; done
  run network-policies --kubeconfig "$PKI/network-policies.kubeconfig" --hostname-override "$NODE_NAME" \
    --service-cluster-ip-range "$SERVICES"
  touch "$FOLDER/ready"
  while :; do wait -n || true; sleep .2; done
}

# --- the end ---

down_but_files() {
  local pid
  pid=$(cat "$FOLDER/pid" 2> /dev/null || echo none)
  # The number may be another process's by now: only ours has this script as its argument.
  if grep -qs "$self" "/proc/$pid/cmdline"; then kill -KILL "$pid"; fi
  for _ in $(seq 100); do grep -qs "$self" "/proc/$pid/cmdline" || break; sleep .1; done
  ip link del "h$NODE_NAME" 2> /dev/null || true
  ip netns del "$NODE_NAME" 2> /dev/null || true
  for _ in $(seq 50); do
    find /sys/fs/cgroup -depth -type d \( -path "/sys/fs/cgroup*/$NODE_NAME" -o -path "/sys/fs/cgroup*/$NODE_NAME/*" \) \
      -exec rmdir {} + 2> /dev/null || true
    [ -n "$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$NODE_NAME")" ] || break
    sleep .1
  done
}

load() { # ARCHIVES...
  local ctr="ctr -a $FOLDER/fs/run/containerd/containerd.sock -n k8s.io"
  until $ctr version > /dev/null 2>&1; do sleep .05; done
  for archive; do $ctr images import "$archive"; done
}

case $1 in
  up | node) "$1" ;;
  down)
    down_but_files
    # The folder is the number: it goes in one step, or the next cluster of this number would lose files of its own.
    gone=$FOLDER.gone-$$
    mv "$FOLDER" "$gone" 2> /dev/null || exit 0
    # A process that was killed may write for a moment longer.
    for _ in $(seq 50); do rm -rf "$gone" 2> /dev/null && exit 0; sleep .1; done
    rm -rf "$gone"
    ;;
  load)
    shift
    load "$@"
    ;;
  *)
    sed -n 2,5p "$self" >&2
    exit 64
    ;;
esac
