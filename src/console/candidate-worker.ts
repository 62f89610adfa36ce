import { parentPort, workerData } from 'node:worker_threads'
import { lookAtCandidate, type CandidateTask } from './candidate.ts'

parentPort?.postMessage(lookAtCandidate(workerData as CandidateTask))
