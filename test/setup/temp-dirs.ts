// Part of every test file: takes away the folders that its tests have made.
import { afterAll } from 'vitest';
import { removeTempDirs } from '../support/temp-dir.js';

afterAll(removeTempDirs);
