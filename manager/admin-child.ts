// `node admin.js`: joins its input and output to the admin socket of the manager in the same container. The nsm command
// starts it there through the API server, and speaks gRPC with the manager over it.
import { connect } from 'node:net'
import { join } from 'node:path'

const path = join(process.env['NSM_BASEDIR'] ?? '/var/lib/networkservicemesh', 'nsm.admin.io.sock')
const socket = connect(path)
socket.once('error', error => {
  process.stderr.write(`${path}: ${error.message}\n`)
  process.exit(1)
})
// The caller is gone when it reads no more; nothing of the manager's depends on that.
process.stdout.once('error', () => process.exit(0))
process.stdin.pipe(socket).pipe(process.stdout)
