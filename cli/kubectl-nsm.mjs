#!/usr/bin/env node
// `kubectl nsm …`: kubectl runs the program of this name in PATH. The same command, which means the mesh of a cluster
// unless --name says otherwise.
process.env.NSM_CALLED_AS = 'kubectl nsm'
await import('./nsm.mjs')
