# Runs a command as the forwarder's container does, and no better: exactly its four capabilities without a way to more, the
# root file system and /proc/sys read-only, a writable procfs at NSM_PROC. For namespaces of its own, as test/run.ts makes
# them. /tmp and /dev stay as they are, and so does dist/test, where tests bundle programs of their own.
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/proc
mount --rbind /proc /mnt/proc
export NSM_PROC=/mnt/proc
mount --rbind /proc/sys /proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
mount --rbind /tmp /tmp
mkdir -p dist/test
mount --bind dist/test dist/test
mount -o remount,bind,ro / || mount -o remount,bind,ro,nosuid,nodev /
four=+net_admin,+sys_admin,+sys_ptrace,+net_broadcast
exec setpriv --bounding-set=-all,$four --inh-caps=-all,$four --no-new-privs "$@"
