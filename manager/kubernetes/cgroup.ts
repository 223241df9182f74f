/**
 * The uids of the pods that the cgroups of a process lie in, in the order of the path; normally one. The text is that of
 * /proc/PID/cgroup (cgroups(7)): one line for each hierarchy of cgroup v1, one line for all of v2, which begins with
 * `/../` when the reader has a cgroup namespace of its own.
 *
 * | driver | what a pod's cgroup is called |
 * |---|---|
 * | cgroupfs | `pod<uid>` |
 * | systemd | `kubepods[-<qos>]-pod<uid>.slice`, with `_` for each `-` of the uid |
 *
 * What lies below it is the container runtime's business. Several uids mean a cluster in a pod, or a lie.
 */
export function podUidsOf(text: string): readonly string[] {
  const paths = text.split('\n').map(line => line.split(':').slice(2).join(':'))
  const uids = paths.flatMap(path => path.split('/').flatMap(part => uidOf(part)))
  return [...new Set(uids)]
}

/** kubelet makes uids by the API server's rules, and those of static pods as a checksum without dashes. */
const podPart =
  /^(?:[a-z0-9_-]*-)?pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::|$)/

function uidOf(part: string): readonly string[] {
  const uid = podPart.exec(part)?.[1]
  return uid === undefined ? [] : [uid.replaceAll('_', '-')]
}
